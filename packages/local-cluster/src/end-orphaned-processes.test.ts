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
      // It has ended.
    }
  }
});

/** Starts a process group of two: a leader, and a follower that the leader starts. */
async function newGroup(): Promise<{
  leader: ChildProcess;
  recorded: { pid: number; startedAt: string };
  follower: number;
}> {
  const leader = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(leader);
  const [line] = (await once(leader.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const row = findProcess(leader.pid as number);
  if (!row) throw new Error('the leader has ended');
  return { leader, recorded: { pid: row.pid, startedAt: row.startedAt }, follower: Number(line) };
}

test('an orphaned process is ended with its whole process group', async () => {
  const { leader, recorded, follower } = await newGroup();
  const lines: string[] = [];
  await endOrphanedProcesses([{ ...recorded, name: 'it', program: 'sleep' }], (line) => lines.push(line));
  expect(findProcess(leader.pid as number)).toBeUndefined();
  expect(findProcess(follower)).toBeUndefined();
  expect(lines[0]).toContain(`sleep (${leader.pid})`);
});

test('the process group of a leader that has ended is ended', async () => {
  const { leader, recorded, follower } = await newGroup();
  leader.kill('SIGKILL');
  await once(leader, 'exit');
  await endOrphanedProcesses([{ ...recorded, name: 'it', program: 'sleep' }], () => undefined);
  expect(findProcess(follower)).toBeUndefined();
});

test('a process with the recorded pid but another start time or program is not ended', async () => {
  const { recorded, follower } = await newGroup();
  await endOrphanedProcesses([{ ...recorded, startedAt: '1', name: 'it', program: 'sleep' }], () => undefined);
  await endOrphanedProcesses([{ ...recorded, name: 'it', program: 'redis-server' }], () => undefined);
  expect(findProcess(recorded.pid)).toBeDefined();
  expect(findProcess(follower)).toBeDefined();
});
