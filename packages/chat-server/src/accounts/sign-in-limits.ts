import { ChatError } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** Failed logins for one username before further attempts are refused. */
const MAX_FAILED_LOG_INS = 10;
const FAILED_LOG_INS_SECONDS = 300;

/** Limits failed logins and sign-ups across all servers. While Redis is unavailable, each server counts separately. */
export class SignInLimits {
  readonly #failures: RateLimiterRedis;
  readonly #signUps: RateLimiterRedis | undefined;

  /** @param signUpsPerMinute per address; 0 = no limit */
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
    await this.#signUps?.consume(address).catch(throwLimit);
  }

  /**
   * Runs a login unless the username has too many failed ones. An attempt counts as failed until it succeeds, so parallel attempts
   * cannot exceed the limit.
   *
   * @throws ChatError `RATE_LIMITED`
   */
  async limitLogIn<T>(username: string, logIn: () => Promise<T>): Promise<T> {
    const key = username.normalize('NFKC').toLowerCase();
    try {
      await this.#failures.consume(key);
    } catch (limit) {
      await this.#failures.reward(key);
      throwLimit(limit);
    }
    let hasFailed = false;
    try {
      return await logIn();
    } catch (error) {
      hasFailed = error instanceof ChatError;
      throw error;
    } finally {
      if (!hasFailed) await this.#failures.reward(key);
    }
  }
}

function throwLimit(limit: unknown): never {
  if (!(limit instanceof RateLimiterRes)) throw limit;
  throw new ChatError('RATE_LIMITED', { retryAfterMs: limit.msBeforeNext });
}
