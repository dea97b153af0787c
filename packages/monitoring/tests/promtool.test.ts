import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';
import { dashboardQueries } from './queries.ts';

const directory = await newTemporaryDirectory();
const prometheus = fileURLToPath(new URL('../../../prometheus/', import.meta.url));
const promtool = (...args: string[]) => promisify(execFile)('promtool', args, { timeout: 150_000 });

const isInstalled = spawnSync('promtool', ['--version']).status === 0;
const suite = isInstalled ? describe : describe.skip;

suite(`Prometheus${isInstalled ? '' : ', skipped: promtool is not installed'}`, () => {
  test('the configuration and the rules are valid', async () => {
    const { stdout } = await promtool('check', 'config', join(prometheus, 'prometheus.yml'));
    expect(stdout).toContain('SUCCESS');
  });

  test('the alerts fire in the expected situations only', async () => {
    const { stdout } = await promtool('test', 'rules', join(prometheus, 'tests/alerts.yml'));
    expect(stdout).toContain('SUCCESS');
  });

  test('every query of the dashboard is valid', async () => {
    const rules = dashboardQueries().map((query, index) => ({
      record: `panel:${index}`,
      expr: query.replaceAll('$__rate_interval', '1m'),
    }));
    const file = join(directory, 'dashboard.yml');
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { stdout } = await promtool('check', 'rules', file);
    expect(stdout).toContain(`${rules.length} rules found`);
  });
});
