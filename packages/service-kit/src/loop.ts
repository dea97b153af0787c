import { backoffMs, pause } from './deadline.ts';
import type { Logger } from './logger.ts';

export interface Loop {
  /** Aborts the signal of the current round, waits until the round ends, and starts no further one. */
  stop(): Promise<void>;
}

/**
 * Runs `round` repeatedly until the loop is stopped. A round that throws does not end the loop: it is logged and counted,
 * and the next one follows after a backoff with jitter.
 *
 * @param options.everyMs pause after a successful round; 0 when the round itself waits for work
 */
export function startLoop(
  name: string,
  round: (signal: AbortSignal) => Promise<void>,
  options: { everyMs: number; logger: Logger; onError?: () => void; maxBackoffMs?: number },
): Loop {
  const controller = new AbortController();
  const { signal } = controller;
  const run = async () => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await round(signal);
        if (failures > 0) options.logger.info({ loop: name, failures }, 'loop recovered');
        failures = 0;
        if (options.everyMs > 0) await pause(options.everyMs, signal);
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        options.onError?.();
        options.logger[failures === 1 ? 'warn' : 'debug']({ loop: name, failures, err: error }, 'loop round failed');
        await pause(backoffMs(failures, 50, options.maxBackoffMs ?? 2_000), signal);
      }
    }
  };
  const finished = run();
  return {
    async stop() {
      controller.abort();
      await finished;
    },
  };
}
