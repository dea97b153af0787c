import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';

const FUZZ = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const DEADLINE_MS = 300_000;
const run = promisify(execFile);

const directory = await newTemporaryDirectory();

const fuzz = (...args: string[]) =>
  run(process.execPath, [FUZZ, ...args], { timeout: DEADLINE_MS, killSignal: 'SIGTERM', maxBuffer: 2 ** 26 });

test(
  'hostile input of every kind ends no process, causes no error and leaks nothing',
  async () => {
    const file = join(directory, 'verdict.json');
    // Exit code 1 may also mean that the latency or the memory of this machine was out of bounds, which a test cannot rely on.
    const { stdout } = await fuzz('--seconds', '8', '--seed', '31', '--json', file).catch(
      (error: { stdout: string }) => error,
    );
    const verdict = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
    const { inputs, healthyP99Ratio, rssGrowthMb, ...zeros } = verdict;
    expect({ zeros, stdout }).toEqual({ zeros: { exits: 0, unhandled: 0, serverErrors: 0, leaks: 0 }, stdout });
    expect(inputs).toBeGreaterThan(200);
    expect(healthyP99Ratio).toEqual(expect.any(Number));
    expect(rssGrowthMb).toEqual(expect.any(Number));
  },
  DEADLINE_MS + 10_000,
);

test('a wrong option ends the command with one line that states the allowed values', async () => {
  await expect(fuzz('--seconds', 'many')).rejects.toMatchObject({
    code: 2,
    stderr: '--seconds is "many"; allowed: a whole number from 5 to 3600\n',
  });
});
