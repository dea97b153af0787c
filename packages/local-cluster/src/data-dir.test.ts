import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';
import { lockDataDir } from './data-dir.ts';

const root = await newTemporaryDirectory();
const HOLD = `
  const { lockDataDir } = await import(${JSON.stringify(join(import.meta.dirname, 'data-dir.ts'))});
  const lock = lockDataDir(process.argv[1]);
  lock.record([{ name: 'redis', pid: 1, startedAt: '1', program: 'redis-server' }]);
  process.stdout.write('held');
  setInterval(() => undefined, 1000);
`;

/** Starts another process that holds the lock. */
async function holderOf(directory: string) {
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLD, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}

test('a locked directory is refused with the pid of the holder, and can be locked when the holder was killed', async () => {
  const directory = join(root, 'locked');
  const holder = await holderOf(directory);
  expect(() => lockDataDir(directory)).toThrow(
    `DATA_DIR is "${directory}": a cluster already runs there (pid ${holder.pid}); stop it, or set DATA_DIR to another directory`,
  );
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const lock = lockDataDir(directory);
  expect(lock.orphans).toEqual([{ name: 'redis', pid: 1, startedAt: '1', program: 'redis-server' }]);
  lock.release();
});

test('one process cannot lock a directory twice without a release', () => {
  const directory = join(root, 'twice');
  const lock = lockDataDir(directory);
  expect(() => lockDataDir(directory)).toThrow(`(pid ${process.pid})`);
  lock.release();
  lockDataDir(directory).release();
});

test('the error for a directory that cannot be written names it', () => {
  expect(() => lockDataDir('/proc/nowhere')).toThrow('DATA_DIR is "/proc/nowhere": it cannot be written');
});

test('only the owner of a data directory can read it', () => {
  const directory = join(root, 'private');
  lockDataDir(directory).release();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});
