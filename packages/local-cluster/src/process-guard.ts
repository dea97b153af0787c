import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** A `service` stops when its supervisor has ended; a `server` (Redis, nginx) does not. */
export type GuardedKind = 'service' | 'server';

/** A small process that outlives a killed supervisor and then ends the processes that it left running. */
export interface ProcessGuard {
  started(kind: GuardedKind, pid: number): void;
  ended(kind: GuardedKind, pid: number): void;
  /** Ends the guard, and every process that was not reported as ended. */
  close(): void;
}

/** Starts a guard: a shell script, because a second Node would cost 40 MB for each cluster. */
export function startProcessGuard(): ProcessGuard {
  // In a process group of its own, so that a Ctrl-C or a signal to the supervisor's group does not end it first.
  const guard = spawn('sh', [join(import.meta.dirname, 'process-guard.sh')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a guard the cluster works as well: the next start on the data directory ends orphaned processes.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref?(): void }).unref?.();
  const write = (sign: '+' | '-') => (kind: GuardedKind, pid: number) => {
    if (guard.stdin.writable) guard.stdin.write(`${sign} ${kind} ${pid}\n`);
  };
  return { started: write('+'), ended: write('-'), close: () => guard.stdin.end() };
}
