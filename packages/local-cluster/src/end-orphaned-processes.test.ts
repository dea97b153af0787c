import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from '@jest/globals';
import { endOrphanedProcesses } from './end-orphaned-processes.ts';
import { findProcess } from './process-table.ts';

const started: ChildProcess[] = [];
afterAll(() => {
  for (const { pid } of started) {
    try {
      if (pid) process.kill(-pid, 'SIGKILL');
    } catch {
      // It ended in its test.
    }
  }
});

/** A group leader that starts a follower in its group, and says so. */
async function newGroup(): Promise<{
  leader: ChildProcess;
  noted: { pid: number; startedAt: string };
  follower: number;
}> {
  const leader = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(leader);
  const [line] = (await once(leader.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const row = findProcess(leader.pid as number);
  if (!row) throw new Error('the leader does not run');
  return { leader, noted: { pid: row.pid, startedAt: row.startedAt }, follower: Number(line) };
}

test('what was left behind ends, with the rest of its group', async () => {
  const { leader, noted, follower } = await newGroup();
  const lines: string[] = [];
  await endOrphanedProcesses([{ ...noted, name: 'it', program: 'sleep' }], (line) => lines.push(line));
  expect(findProcess(leader.pid as number)).toBeUndefined();
  expect(findProcess(follower)).toBeUndefined();
  expect(lines[0]).toContain(`sleep (${leader.pid})`);
});

test('what a dead leader left in its group ends, too', async () => {
  const { leader, noted, follower } = await newGroup();
  leader.kill('SIGKILL');
  await once(leader, 'exit');
  await endOrphanedProcesses([{ ...noted, name: 'it', program: 'sleep' }], () => undefined);
  expect(findProcess(follower)).toBeUndefined();
});

test('a process that only has the same pid, or another program, is left alone', async () => {
  const { noted, follower } = await newGroup();
  await endOrphanedProcesses([{ ...noted, startedAt: '1', name: 'it', program: 'sleep' }], () => undefined);
  await endOrphanedProcesses([{ ...noted, name: 'it', program: 'redis-server' }], () => undefined);
  expect(findProcess(noted.pid)).toBeDefined();
  expect(findProcess(follower)).toBeDefined();
});
