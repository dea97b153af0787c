import type { UserId } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { ChatServerMetrics } from '../metrics.ts';
import { rateLimited } from './rate-limit.ts';

/** The rate is an average over this time: a client that returns after an outage sends much at once. */
const WINDOW_SECONDS = 10;

/** Refusals of one user that are answered at once within `WINDOW_SECONDS`. */
const PROMPT_REFUSALS = 64;

/** The answer to further ones waits so long. The client's other events wait behind them, and its connection is not read. */
const HELD_REFUSAL_MS = 1_000;

/**
 * Limits the events of a user on this server. A user has one session at a time, so this server sees all of them, and the count needs no
 * call of Redis. It outlives the session: a reconnect to the same server does not begin a new one.
 *
 * A client that ignores refusals gets them late. Answers are as much work as small events, and a flood would
 * otherwise cost the server as much as without a limit.
 */
export class EventLimit {
  readonly #limiter: RateLimiterMemory | undefined;
  readonly #points: number;
  readonly #metrics: Pick<ChatServerMetrics, 'chat_rate_limited_total'>;

  /** @param options.perSecond 0 = no limit */
  constructor(options: { perSecond: number; metrics: Pick<ChatServerMetrics, 'chat_rate_limited_total'> }) {
    this.#points = options.perSecond * WINDOW_SECONDS;
    this.#metrics = options.metrics;
    if (this.#points > 0) this.#limiter = new RateLimiterMemory({ points: this.#points, duration: WINDOW_SECONDS });
  }

  get isOn(): boolean {
    return this.#limiter !== undefined;
  }

  /** Counts one event. @throws ChatError `RATE_LIMITED` if the limit was reached before */
  async count(userId: UserId): Promise<void> {
    try {
      await this.#limiter?.consume(userId);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const { msBeforeNext, consumedPoints } = refusal;
      if (consumedPoints <= this.#points + PROMPT_REFUSALS) {
        throw rateLimited({ rule: 'event', metrics: this.#metrics }, msBeforeNext);
      }
      const heldMs = Math.min(HELD_REFUSAL_MS, msBeforeNext);
      await pause(heldMs);
      throw rateLimited({ rule: 'event', metrics: this.#metrics }, msBeforeNext - heldMs);
    }
  }
}
