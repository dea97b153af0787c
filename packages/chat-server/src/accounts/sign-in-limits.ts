import { ChatError } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** Wrong passwords for one username before further tries have to wait. */
const MAX_FAILED_LOG_INS = 10;
const FAILED_LOG_INS_SECONDS = 300;

/**
 * Slows down guessing and mass sign-up, counted over all servers. While Redis is away each server counts for itself.
 */
export class SignInLimits {
  readonly #failures: RateLimiterRedis;
  readonly #signUps: RateLimiterRedis | undefined;

  /** @param signUpsPerMinute accounts and guests from one address; 0 = no limit */
  constructor(redis: RedisConnection, signUpsPerMinute: number) {
    const limiter = (keyPrefix: string, points: number, duration: number) =>
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix,
        points,
        duration,
        insuranceLimiter: new RateLimiterMemory({ points, duration }),
      });
    this.#failures = limiter('parley:failed-log-ins', MAX_FAILED_LOG_INS, FAILED_LOG_INS_SECONDS);
    if (signUpsPerMinute > 0) this.#signUps = limiter('parley:sign-ups', signUpsPerMinute, 60);
  }

  /** @throws ChatError `RATE_LIMITED` */
  async countSignUp(address: string): Promise<void> {
    await this.#signUps?.consume(address).catch(refuse);
  }

  /**
   * Runs a log-in; only failed ones count, and too many of them for one name refuse further ones. Each counts as failed until it
   * is known to be right, so that many at once are not more than the same one after the other.
   */
  async guardLogIn<T>(username: string, logIn: () => Promise<T>): Promise<T> {
    const key = username.normalize('NFKC').toLowerCase();
    try {
      await this.#failures.consume(key);
    } catch (limit) {
      await this.#failures.reward(key);
      refuse(limit);
    }
    let isWrong = false;
    try {
      return await logIn();
    } catch (error) {
      isWrong = error instanceof ChatError;
      throw error;
    } finally {
      if (!isWrong) await this.#failures.reward(key);
    }
  }
}

function refuse(limit: unknown): never {
  if (!(limit instanceof RateLimiterRes)) throw limit;
  throw new ChatError('RATE_LIMITED', { retryAfterMs: limit.msBeforeNext });
}
