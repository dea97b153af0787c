import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { overviewText } from '../src/index.ts';
import { dashboardQueries, knownMetrics, metricsIn, ruleQueries } from './queries.ts';

const ROOT = new URL('../../../', import.meta.url);

test('a process exports every metric in the dashboard and in the rules', async () => {
  const { expressions, recorded } = await ruleQueries();
  const known = await knownMetrics();
  const used = [...dashboardQueries(), ...expressions].flatMap(metricsIn);
  expect(used.length).toBeGreaterThan(30);
  expect(used.filter((name) => !known.has(name) && !recorded.has(name))).toEqual([]);
});

test('the panels use the provisioned data source', async () => {
  const provisioned = await readFile(new URL('grafana/provisioning/datasources/prometheus.yml', ROOT), 'utf8');
  const uids = [...overviewText().matchAll(/"uid": "([^"]+)"/g)].map(([, uid]) => uid);
  expect(new Set(uids)).toEqual(new Set(['parley-overview', 'parley-prometheus']));
  expect(provisioned).toContain('uid: parley-prometheus\n');
});

test('metricsIn finds the metrics of an expression and nothing else', () => {
  expect(
    metricsIn(
      'sum by (le, route) (rate(a_seconds_bucket{job=~"b|c"}[5m])) / on (node) group_left b:c:d > 0.5 or vector(0)',
    ),
  ).toEqual(['a_seconds_bucket', 'b:c:d']);
});
