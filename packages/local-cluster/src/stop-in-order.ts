import type { SupervisedProcess } from './supervised-process.ts';

/** Time limit for the whole stop, a little below the promised 10 s. */
const STOP_DEADLINE_MS = 9_500;
/** Time that is reserved for the processes that are stopped later. */
const RESERVED_FOR_WORKERS_MS = 1_200;
const RESERVED_FOR_REDIS_MS = 500;

/**
 * Stops the processes from the public port inwards. nginx accepts no new connections; the chat servers drain over the
 * connections that nginx still holds; workers and services complete the appended messages; Redis, which all of them need, is
 * last.
 */
export async function stopInOrder(processes: readonly SupervisedProcess[]): Promise<void> {
  const endsAt = performance.now() + STOP_DEADLINE_MS;
  const leftMs = (reservedMs: number) => Math.max(0, endsAt - performance.now() - reservedMs);
  const matching = (name: RegExp) => processes.filter(({ spec }) => name.test(spec.name));
  const stopAll = (stopping: readonly SupervisedProcess[], reservedMs: number) =>
    Promise.all(stopping.map((one) => one.stop(leftMs(reservedMs))));

  const nginx = matching(/^nginx$/);
  const nginxStopped = stopAll(nginx, RESERVED_FOR_REDIS_MS);
  await stopAll(matching(/^chat-server-/), RESERVED_FOR_WORKERS_MS);
  for (const one of nginx) one.kill('SIGTERM'); // there are no chat servers left for its connections
  await stopAll(matching(/-worker-|-service-/), RESERVED_FOR_REDIS_MS);
  await nginxStopped;
  await stopAll(matching(/^redis$/), 0);
}
