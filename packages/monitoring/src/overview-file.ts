import { overviewDashboard } from './overview-dashboard.ts';

/** The file that Grafana is provisioned with. */
export const OVERVIEW_FILE = new URL('../../../grafana/dashboards/overview.json', import.meta.url);

export const overviewText = (): string => `${JSON.stringify(overviewDashboard(), null, 2)}\n`;
