import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessGuard } from '@parley/local-cluster';

const ATTACH_DEADLINE_MS = 5_000;
const DETACH_DEADLINE_MS = 5_000;
const ATTACHED = /Process \d+ attached/;

/**
 * Delays every fsync of a Redis, as a slow disk does. Only the thread that flushes the append-only file is traced: the main thread
 * keeps its speed. Redis acks for up to 2 s without writing while an fsync takes long.
 *
 * @returns the function that ends the delay
 * @throws Error when strace is missing or may not attach
 */
export async function delayFsync(pid: number, delayMs: number, guard: ProcessGuard): Promise<() => Promise<void>> {
  const options = ['-e', 'trace=fdatasync', '-e', `inject=fdatasync:delay_enter=${delayMs * 1_000}`, '-o', '/dev/null'];
  const strace = spawn('strace', [...options, '-p', String(fsyncThreadOf(pid))], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(strace, 'exit').catch(() => undefined);
  if (strace.pid !== undefined) guard.started('server', strace.pid);
  const stop = async () => {
    strace.kill('SIGTERM');
    const timer = setTimeout(() => strace.kill('SIGKILL'), DETACH_DEADLINE_MS);
    await exited;
    clearTimeout(timer);
    if (strace.pid !== undefined) guard.ended('server', strace.pid);
  };
  try {
    await untilAttached(strace);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** Returns why the fsyncs of this Redis cannot be delayed, or undefined if they can. */
export async function whyNoSlowFsync(pid: number, guard: ProcessGuard): Promise<string | undefined> {
  try {
    const stop = await delayFsync(pid, 1, guard);
    await stop();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function untilAttached(strace: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let output = '';
  strace.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (ATTACHED.test(output)) resolve();
  });
  strace.once('error', () => reject(new Error('strace is not installed (packages/chaos/install-test-tools.sh)')));
  strace.once('exit', () => reject(new Error(`strace cannot attach to Redis: ${output.trim()}`)));
  const timer = setTimeout(() => reject(new Error('strace did not attach in time')), ATTACH_DEADLINE_MS);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** Redis names its threads; the one that flushes is `bio_aof_fsync` or `bio_aof`. */
function fsyncThreadOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  for (const task of readdirSync(tasks)) {
    if (readFileSync(`${tasks}/${task}/comm`, 'utf8').startsWith('bio_aof')) return Number(task);
  }
  throw new Error('Redis has no thread that flushes the append-only file');
}
