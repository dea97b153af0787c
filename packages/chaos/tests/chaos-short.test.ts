import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';

const CHAOS = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const DEADLINE_MS = 480_000;
const run = promisify(execFile);

const directory = await newTemporaryDirectory();

const chaos = (...args: string[]) =>
  run(process.execPath, [CHAOS, ...args], { timeout: DEADLINE_MS, killSignal: 'SIGTERM', maxBuffer: 2 ** 26 });

/** Runs a command that must succeed. @returns its output and its verdict */
async function passingChaos(name: string, ...args: string[]) {
  const file = join(directory, `${name}.json`);
  const { stdout } = await chaos(...args, '--json', file).catch((error: { stdout?: string; stderr?: string }) => {
    // The output explains the violations.
    throw new Error(`${error.stdout}\n${error.stderr}`, { cause: error });
  });
  expect(stdout).toContain('all guarantees held');
  return { stdout, verdict: JSON.parse(await readFile(file, 'utf8')) };
}

const ZEROS = { lost: 0, duplicated: 0, unexpected: 0, reordered: 0, gaps: 0, limitViolations: 0 };

test(
  'all guarantees hold while servers, workers, Redis, nginx, the store and client connections fail',
  async () => {
    const { verdict } = await passingChaos('all', '--faults', '8', '--seconds', '24', '--seed', '31');
    expect(verdict).toMatchObject({ faults: 8, ...ZEROS, longestRecoveryMs: expect.any(Number) });
    expect(verdict.acked).toBeGreaterThan(100);
  },
  DEADLINE_MS + 10_000,
);

test(
  'all guarantees hold while Redis loses data, is full, or is out of reach for one server',
  async () => {
    const kinds = 'lose-tail,slow-fsync,full,isolate';
    const args = ['--kinds', kinds, '--faults', '4', '--seconds', '12', '--seed', '274'];
    const { stdout, verdict } = await passingChaos('redis', ...args);
    expect(verdict).toMatchObject(ZEROS);
    expect(verdict.clients.library).toMatchObject({ lost: 0, lostByRedis: 0, duplicated: 0, reordered: 0 });
    const seen = verdict.recoveries.map(({ kind }: { kind: string }) => kind);
    expect(seen).toEqual(expect.arrayContaining(['full', 'isolate', 'lose-tail']));
    // It needs a program that is not installed everywhere. The command says so.
    if (!seen.includes('slow-fsync')) expect(stdout).toContain('no faults of a slow disk');
  },
  DEADLINE_MS + 10_000,
);

test('a wrong option ends the command with one line that states the allowed values', async () => {
  await expect(chaos('--faults', 'many')).rejects.toMatchObject({
    code: 2,
    stderr: '--faults is "many"; allowed: a whole number from 1 to 1000\n',
  });
});
