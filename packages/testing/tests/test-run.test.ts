import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { eventually, newTemporaryDirectory } from '@parley/testing';

const rootDir = join(import.meta.dirname, '../../..');
const jest = join(rootDir, 'node_modules/jest/bin/jest.js');
const { default: config } = await import(join(rootDir, 'jest.config.mjs'));
const directory = await newTemporaryDirectory();

/** Runs jest, as `npm test` configures it, over one fixture. */
function runJest(fixture: string) {
  const pidFile = join(directory, `${fixture}.pid`);
  const fixtureConfig = { ...config, rootDir, testMatch: [join(import.meta.dirname, `fixtures/${fixture}.ts`)] };
  const child = spawn(process.execPath, [jest, '--config', JSON.stringify(fixtureConfig)], {
    cwd: rootDir,
    env: { ...process.env, PARLEY_REDIS_PID_FILE: pidFile, NODE_OPTIONS: '--experimental-vm-modules' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const printed = text(child.stderr);
  return {
    child,
    redisPid: () => Number(readFileSync(pidFile, 'utf8')),
    async result() {
      const [exitCode] = await once(child, 'exit');
      return { exitCode, printed: await printed };
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a Redis ends with its test file when all tests of the file are skipped', async () => {
  const run = runJest('all-skipped');
  const { exitCode, printed } = await run.result();
  expect(printed).not.toContain('left processes running');
  expect(exitCode).toBe(0);
  expect(isRunning(run.redisPid())).toBe(false);
});

test('a Redis ends with its test file when the file fails to load', async () => {
  const run = runJest('fails-to-load');
  const { exitCode, printed } = await run.result();
  expect(printed).toContain('this file fails to load');
  expect(printed).not.toContain('left processes running');
  expect(exitCode).toBe(1);
  expect(isRunning(run.redisPid())).toBe(false);
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a run fails and names the process that a test left running', async () => {
  const { exitCode, printed } = await runJest('leaves-process').result();
  expect(printed).toMatch(/Tests left processes running. They were ended:\n {2}\d+ sleep 1234/);
  expect(exitCode).toBe(1);
  const [, pid] = /(\d+) sleep 1234/.exec(printed) ?? [];
  expect(isRunning(Number(pid))).toBe(false);
});

onLinux('a Redis and its files are gone after jest was killed', async () => {
  const run = runJest('never-ends');
  const pid = await eventually(() => {
    expect(run.redisPid()).toBeGreaterThan(0);
    return run.redisPid();
  });
  const redisDirectory = readlinkSync(`/proc/${pid}/cwd`);
  run.child.kill('SIGKILL');
  await run.result();
  await eventually(() => expect(isRunning(pid)).toBe(false));
  await eventually(() => expect(existsSync(redisDirectory)).toBe(false));
});
