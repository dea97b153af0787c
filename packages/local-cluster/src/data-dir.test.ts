import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';
import { claimDataDir } from './data-dir.ts';

const root = await newTemporaryDirectory();
const HOLD = `
  const { claimDataDir } = await import(${JSON.stringify(join(import.meta.dirname, 'data-dir.ts'))});
  const claim = claimDataDir(process.argv[1]);
  claim.note([{ name: 'redis', pid: 1, startedAt: '1', program: 'redis-server' }]);
  process.stdout.write('held');
  setInterval(() => undefined, 1000);
`;

/** Another process that has claimed the directory. */
async function holderOf(directory: string) {
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLD, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}

test('a second claim is refused, with the pid of the holder, until the holder dies, however it does', async () => {
  const directory = join(root, 'claimed');
  const holder = await holderOf(directory);
  expect(() => claimDataDir(directory)).toThrow(
    `DATA_DIR is "${directory}": a cluster already runs there (pid ${holder.pid}); stop it, or set DATA_DIR to another directory`,
  );
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const claim = claimDataDir(directory);
  expect(claim.abandoned).toEqual([{ name: 'redis', pid: 1, startedAt: '1', program: 'redis-server' }]);
  claim.release();
});

test('one process cannot claim a directory twice, and can again after a release', () => {
  const directory = join(root, 'twice');
  const claim = claimDataDir(directory);
  expect(() => claimDataDir(directory)).toThrow(`(pid ${process.pid})`);
  claim.release();
  claimDataDir(directory).release();
});

test('a directory that cannot be written is named', () => {
  expect(() => claimDataDir('/proc/nowhere')).toThrow('DATA_DIR is "/proc/nowhere": it cannot be written');
});

test('only its owner can look into the directory', () => {
  const directory = join(root, 'private');
  claimDataDir(directory).release();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});
