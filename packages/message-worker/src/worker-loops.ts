import { type Logger, type Loop, startLoop } from '@parley/service-kit';
import type { MessageWorkerMetrics, WorkerLoopName } from './metrics.ts';

/** Returns a function that starts a loop of the worker. Failed rounds are counted by the name of the loop. */
export const workerLoops =
  ({ metrics, logger }: { metrics: MessageWorkerMetrics; logger: Logger }) =>
  (name: WorkerLoopName, everyMs: number, round: (signal: AbortSignal) => Promise<void>): Loop =>
    startLoop(name, round, {
      everyMs,
      logger,
      onError: () => metrics.chat_worker_errors_total.inc({ loop: name }),
    });
