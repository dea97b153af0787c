import { overviewDashboard } from './overview-dashboard.ts';

/** The text of `grafana/dashboards/overview.json`, which Grafana is provisioned with. */
export const overviewText = (): string => `${JSON.stringify(overviewDashboard(), null, 2)}\n`;
