import { availableParallelism } from 'node:os';
import { FairLimiter, type FairLimiterOptions } from '@parley/service-kit';
import { Piscina } from 'piscina';
import { currentCaller } from '../caller.ts';
import type * as tasks from './password-thread.ts';

/** How many passwords are hashed at the same time. Each hash keeps a core busy for tens of milliseconds. */
const THREADS = Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)));

/** Added to the nice value of the process: on a busy machine, messages go before log-ins. */
const NICENESS = 10;

/** One address has at most a quarter of the queue. A full queue takes a few seconds. */
const MAX_WAITING = 128;
const MAX_WAITING_PER_CALLER = 32;
const MAX_WAIT_MS = 5_000;
const RETRY_MS = 2_000;

/** Hashes and verifies passwords in threads of low priority, for each caller in turn. Each method throws `LimitExceeded`. */
export class PasswordWork {
  readonly #limiter: FairLimiter;
  readonly #threads = new Piscina({
    filename: new URL('./password-thread.ts', import.meta.url).href,
    // To start one takes longer than a hash.
    minThreads: THREADS,
    maxThreads: THREADS,
    niceIncrement: NICENESS,
  });

  constructor({ onRefused }: Pick<FairLimiterOptions, 'onRefused'>) {
    this.#limiter = new FairLimiter({
      limit: THREADS,
      limitPerKey: THREADS,
      maxWaiting: MAX_WAITING,
      maxWaitingPerKey: MAX_WAITING_PER_CALLER,
      maxWaitMs: MAX_WAIT_MS,
      retryAfterMs: RETRY_MS,
      onRefused,
    });
  }

  hash(password: string): Promise<string> {
    return this.#run('hash', { password });
  }

  verify(password: string, phc: string): Promise<boolean> {
    return this.#run('verify', { password, phc });
  }

  #run<Name extends keyof typeof tasks>(
    name: Name,
    input: Parameters<(typeof tasks)[Name]>[0],
  ): Promise<ReturnType<(typeof tasks)[Name]>> {
    return this.#limiter.run(currentCaller() ?? '', () => this.#threads.run(input, { name }));
  }
}
