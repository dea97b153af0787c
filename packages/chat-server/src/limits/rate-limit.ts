import { ChatError } from '@parley/protocol';
import { LimitExceeded, type RedisConnection } from '@parley/service-kit';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { ChatServerMetrics, LimitRule } from '../metrics.ts';

/** The part of an error that a person reads. `retryAfterMs` says when. */
const MESSAGES: Record<LimitRule, string> = {
  'sign-up': 'Too many accounts were created from your network. Wait before you try again.',
  'log-in': 'Too many people log in from your network. Wait before you try again.',
  'failed-log-in': 'Too many wrong passwords. Wait before you try again.',
  'failed-log-in-name': 'Too many wrong passwords for this name. Wait before you try again.',
  handshake: 'Too many connections from your network. Wait before you try again.',
  session: 'Too many sessions from your network. End one of them, or wait before you try again.',
  conversation: 'You created too many conversations in the last hour. Wait before you create another one.',
  event: 'You do too much at once. Wait before you try again.',
  request: 'You send too many requests. Wait before you try again.',
  'request-address': 'Too many requests from your network. Wait before you try again.',
  search: 'You search too often. Wait before you try again.',
};

/** How often each rule has refused something is a metric. */
export interface RefusalParts {
  readonly rule: LimitRule;
  readonly metrics: Pick<ChatServerMetrics, 'chat_rate_limited_total'>;
}

export interface RateLimitOptions extends RefusalParts {
  readonly redis: RedisConnection;
  /** How much one key may use in `seconds`; 0 = no limit. */
  readonly limit: number;
  readonly seconds: number;
  /**
   * Whether uses are taken back. A refused use then does not count. Otherwise a key beyond its limit costs no call of Redis until
   * its time is over.
   */
  readonly takesBack?: boolean;
}

/**
 * A limit that all servers count together in Redis, by a key such as an address or a user. The time of a key begins with its first use.
 * While Redis is unavailable, each server counts alone.
 */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #limiter: RateLimiterRedis | undefined;

  constructor(options: RateLimitOptions) {
    this.#options = options;
    const { rule, redis, limit: points, seconds: duration, takesBack = false } = options;
    if (points === 0) return;
    this.#limiter = new RateLimiterRedis({
      storeClient: redis,
      rejectIfRedisNotReady: true,
      keyPrefix: `parley:limits:${rule}`,
      points,
      duration,
      ...(!takesBack && { inMemoryBlockOnConsumed: points + 1 }),
      insuranceLimiter: new RateLimiterMemory({ points, duration }),
    });
  }

  get isOn(): boolean {
    return this.#limiter !== undefined;
  }

  /** Counts one use. @throws ChatError `RATE_LIMITED` if the limit was reached before */
  async count(key: string): Promise<void> {
    try {
      await this.#limiter?.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      if (this.#options.takesBack) await this.takeBack(key);
      throw rateLimited(this.#options, refusal.msBeforeNext);
    }
  }

  /** Counts one use and does the work. It does not count if the work is refused because too much of it waits: `takesBack`. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    await this.count(key);
    try {
      return await work();
    } catch (error) {
      if (error instanceof LimitExceeded) await this.takeBack(key);
      throw error;
    }
  }

  /** Makes one counted use not count. */
  async takeBack(key: string): Promise<void> {
    await this.#limiter?.reward(key);
  }
}

/** Counts a refusal and returns its error. @param waitMs until the next use is allowed */
export function rateLimited({ rule, metrics }: RefusalParts, waitMs: number): ChatError {
  metrics.chat_rate_limited_total.inc({ rule });
  return new ChatError('RATE_LIMITED', { message: MESSAGES[rule], retryAfterMs: Math.max(1, Math.ceil(waitMs)) });
}
