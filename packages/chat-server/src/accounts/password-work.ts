import { availableParallelism } from 'node:os';
import { FairLimiter, type FairLimiterOptions } from '@parley/service-kit';
import { currentCaller } from '../caller.ts';
import { hashPassword, verifyPassword } from './passwords.ts';

/**
 * How many passwords are hashed at the same time. Each hash keeps a core busy for tens of milliseconds. It also holds one of the four
 * threads of libuv's pool, which files and name lookups need, too.
 */
const MAX_CONCURRENT_HASHES = Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)));

/** One address has at most a quarter of the queue. A full queue takes a few seconds. */
const MAX_WAITING = 128;
const MAX_WAITING_PER_CALLER = 32;
const MAX_WAIT_MS = 5_000;
const RETRY_MS = 2_000;

/** Hashes and verifies passwords, a few at a time, for each caller in turn. Each method throws `LimitExceeded`. */
export class PasswordWork {
  readonly #limiter: FairLimiter;

  constructor({ onRefused }: Pick<FairLimiterOptions, 'onRefused'>) {
    this.#limiter = new FairLimiter({
      limit: MAX_CONCURRENT_HASHES,
      limitPerKey: MAX_CONCURRENT_HASHES,
      maxWaiting: MAX_WAITING,
      maxWaitingPerKey: MAX_WAITING_PER_CALLER,
      maxWaitMs: MAX_WAIT_MS,
      retryAfterMs: RETRY_MS,
      onRefused,
    });
  }

  hash(password: string): Promise<string> {
    return this.#run(() => hashPassword(password));
  }

  verify(password: string, phc: string): Promise<boolean> {
    return this.#run(() => verifyPassword(password, phc));
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#limiter.run(currentCaller() ?? '', work);
  }
}
