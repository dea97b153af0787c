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

test(
  'all guarantees hold while servers, workers, Redis, nginx, the store and client connections fail',
  async () => {
    const file = join(directory, 'verdict.json');
    const { stdout } = await chaos('--faults', '12', '--seconds', '40', '--seed', '31', '--json', file).catch(
      // The output explains the violations.
      (error: { stdout?: string; stderr?: string }) => {
        throw new Error(`${error.stdout}\n${error.stderr}`, { cause: error });
      },
    );
    expect(stdout).toContain('all guarantees held');
    const verdict = JSON.parse(await readFile(file, 'utf8'));
    expect(verdict).toEqual({
      ...{ acked: expect.any(Number), faults: 12, lost: 0, duplicated: 0, unexpected: 0, reordered: 0, gaps: 0 },
      ...{ limitViolations: 0, longestRecoveryMs: expect.any(Number) },
    });
    expect(verdict.acked).toBeGreaterThan(100);
  },
  DEADLINE_MS + 10_000,
);

test('a wrong option ends the command with one line that states the allowed values', async () => {
  await expect(chaos('--faults', 'many')).rejects.toMatchObject({
    code: 2,
    stderr: '--faults is "many"; allowed: a whole number from 1 to 1000\n',
  });
});
