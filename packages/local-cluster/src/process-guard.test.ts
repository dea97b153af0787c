import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { findProcess } from './process-table.ts';

/** A supervisor that starts a server, frozen by SIGSTOP, and another one that it reports as ended; prints both pids. */
const SUPERVISOR = `
  const { spawn } = await import('node:child_process');
  const { startProcessGuard } = await import(${JSON.stringify(join(import.meta.dirname, 'process-guard.ts'))});
  const guard = startProcessGuard();
  const start = () => spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).pid;
  const [frozen, released] = [start(), start()];
  for (const pid of [frozen, released]) guard.started('server', pid);
  process.kill(frozen, 'SIGSTOP');
  guard.ended('server', released);
  process.stdout.write([frozen, released].join(' '));
  setInterval(() => undefined, 1000);
`;

test('when a supervisor is killed, its servers are ended, even if they are frozen', async () => {
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', SUPERVISOR], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = (await once(supervisor.stdout, 'data')) as [Buffer];
  const [frozen = 0, released = 0] = printed.toString().split(' ').map(Number);
  try {
    supervisor.kill('SIGKILL');
    await eventually(() => expect(findProcess(frozen)).toBeUndefined());
    expect(findProcess(released)).toBeDefined();
  } finally {
    process.kill(released, 'SIGKILL');
  }
});
