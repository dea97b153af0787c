import type { SupervisedProcess } from './supervised-process.ts';

/** Everything has ended by then, one way or the other; a little less than the 10 s that were promised. */
const STOP_DEADLINE_MS = 9_500;
/** What is kept back for those that are stopped later. */
const RESERVED_FOR_WORKERS_MS = 1_200;
const RESERVED_FOR_REDIS_MS = 500;

/**
 * Stops from the outside in: nginx takes nothing new, the chat servers say goodbye over the connections that nginx still
 * carries, the workers and services finish what was accepted, and Redis, which all of them need, goes last.
 */
export async function stopInOrder(processes: readonly SupervisedProcess[]): Promise<void> {
  const endsAt = performance.now() + STOP_DEADLINE_MS;
  const leftMs = (reservedMs: number) => Math.max(0, endsAt - performance.now() - reservedMs);
  const called = (name: RegExp) => processes.filter(({ spec }) => name.test(spec.name));
  const stopAll = (stopping: readonly SupervisedProcess[], reservedMs: number) =>
    Promise.all(stopping.map((one) => one.stop(leftMs(reservedMs))));

  const front = called(/^nginx$/);
  const frontStopped = stopAll(front, RESERVED_FOR_REDIS_MS);
  await stopAll(called(/^chat-server-/), RESERVED_FOR_WORKERS_MS);
  for (const one of front) one.kill('SIGTERM'); // nobody is left behind it
  await stopAll(called(/-worker-|-service-/), RESERVED_FOR_REDIS_MS);
  await frontStopped;
  await stopAll(called(/^redis$/), 0);
}
