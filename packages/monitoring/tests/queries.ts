import { readdir, readFile } from 'node:fs/promises';
import { createMetrics } from '@parley/service-kit';
import { CHAT_SERVER_METRICS } from '../../chat-server/src/metrics.ts';
import { MESSAGE_WORKER_METRICS } from '../../message-worker/src/metrics.ts';
import { PRESENCE_SERVICE_METRICS } from '../../presence-service/src/metrics.ts';
import { overviewDashboard } from '../src/overview-dashboard.ts';

const RULES = new URL('../../../prometheus/rules/', import.meta.url);

/** PromQL keywords that can be in the position of a metric name. */
const KEYWORDS = new Set([
  'and',
  'or',
  'unless',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'by',
  'without',
  'bool',
  'offset',
]);

/** Returns the PromQL of all panels. */
export function dashboardQueries(): string[] {
  const found: string[] = [];
  JSON.stringify(overviewDashboard(), (key, value: unknown) => {
    if (key === 'expr' && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

/** Returns the PromQL of all rule files and the names of the recorded series. Each expression must be on one line. */
export async function ruleQueries(): Promise<{ expressions: string[]; recorded: Set<string> }> {
  const files = await Promise.all((await readdir(RULES)).map((file) => readFile(new URL(file, RULES), 'utf8')));
  const valuesOf = (key: string) =>
    files.flatMap((text) =>
      [...text.matchAll(new RegExp(`^ +(?:- )?${key}: (.+)$`, 'gm'))].map(([, value = '']) => value),
    );
  return { expressions: valuesOf('expr'), recorded: new Set(valuesOf('record')) };
}

/** Returns the names of the series that an expression reads. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right) *\([^)]*\)/g, ' ');
  return [...bare.matchAll(/(?<![\w:.])[a-zA-Z_:][\w:]*(?! *\(|[\w:])/g)]
    .map(([name]) => name)
    .filter((name) => !KEYWORDS.has(name));
}

/** Returns the names of all series that the processes export or Prometheus adds. */
export async function knownMetrics(): Promise<Set<string>> {
  const known = new Set(['up']);
  for (const table of [CHAT_SERVER_METRICS, MESSAGE_WORKER_METRICS, PRESENCE_SERVICE_METRICS]) {
    const { registry } = createMetrics(table, 'test');
    for (const { name, type } of await registry.getMetricsAsJSON()) {
      known.add(name);
      if (String(type) === 'histogram') for (const suffix of ['bucket', 'sum', 'count']) known.add(`${name}_${suffix}`);
    }
    registry.clear();
  }
  return known;
}
