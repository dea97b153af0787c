import { describeSettings, SETTING_SECTIONS, type SettingRow } from '@parley/service-kit';
import { ChatServerSettings } from '../../chat-server/src/config.ts';
import { clusterSettings, NginxSettings } from '../../local-cluster/src/settings.ts';
import { MessageWorkerSettings } from '../../message-worker/src/config.ts';
import { PresenceServiceSettings } from '../../presence-service/src/config.ts';

/** `npm start`, whose services read their settings from its environment. */
export const LOCAL_CLUSTER = 'npm start';

const SCHEMAS = {
  [LOCAL_CLUSTER]: clusterSettings(false),
  nginx: NginxSettings,
  'chat-server': ChatServerSettings,
  'message-worker': MessageWorkerSettings,
  'presence-service': PresenceServiceSettings,
};

/** A setting and the processes that read it. */
export interface CataloguedSetting extends Omit<SettingRow, 'default' | 'isRequired'> {
  readonly readers: readonly SettingReader[];
}

interface SettingReader extends Pick<SettingRow, 'default' | 'isRequired'> {
  readonly process: string;
}

/**
 * Lists every setting once, by section, in the order of the tables.
 *
 * @throws Error when two processes describe a setting differently
 */
export function settingsCatalogue(): CataloguedSetting[] {
  const byName = new Map<string, CataloguedSetting & { readers: SettingReader[] }>();
  for (const [process, schema] of Object.entries(SCHEMAS)) {
    for (const { default: fallback, isRequired, ...doc } of describeSettings(schema)) {
      const entry = byName.get(doc.name) ?? { ...doc, readers: [] };
      if (entry.meaning !== doc.meaning || entry.allowed !== doc.allowed) {
        throw new Error(`${doc.name} is described differently by ${process}: share one description in service-kit`);
      }
      entry.readers.push({ process, default: fallback, isRequired });
      byName.set(doc.name, entry);
    }
  }
  return SETTING_SECTIONS.flatMap((section) => [...byName.values()].filter((entry) => entry.section === section));
}

/** The names of the settings whose default depends on `NODE_ENV=production`. */
export function productionDependent(): ReadonlySet<string> {
  const production = new Map(describeSettings(clusterSettings(true)).map((row) => [row.name, row.default]));
  const rows = describeSettings(clusterSettings(false));
  return new Set(rows.filter((row) => row.default !== production.get(row.name)).map(({ name }) => name));
}

/** Variables that only `docker-compose.yml` reads. */
export const COMPOSE_SETTINGS = [
  { name: 'PROMETHEUS_PORT', default: '9090', meaning: 'Port of Prometheus on this host.' },
  { name: 'GRAFANA_PORT', default: '3000', meaning: 'Port of Grafana on this host.' },
  {
    name: 'GRAFANA_ADMIN_PASSWORD',
    default: 'admin',
    meaning: 'Password of the user `admin` in Grafana. Only this host reaches Grafana.',
  },
] as const;
