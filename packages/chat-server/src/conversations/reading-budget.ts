import { FairLimiter, type FairLimiterOptions } from '@parley/service-kit';
import { MAX_MESSAGE_BYTES, MAX_READ_MESSAGES } from './reply-room.ts';

/** Redis and this server hold at most so many bytes of messages that are being read. A Redis serves several servers. */
const MAX_BYTES = 16 * 1_048_576;

/** One read of the largest size at a time. */
const MAX_BYTES_PER_USER = MAX_READ_MESSAGES * MAX_MESSAGE_BYTES;

/** Replies of many pages. Each is held in memory until it is complete. */
const MAX_REPLIES = 16;
const MAX_REPLIES_PER_USER = 2;

const MAX_WAITING = 2_000;
/** A client has at most 32 events in progress. The rest is for REST calls. */
const MAX_WAITING_PER_USER = 128;
const MAX_WAIT_MS = 5_000;
const RETRY_MS = 1_000;

/**
 * Bounds what is read from histories at the same time, for each user in turn. Each read counts with the largest size that its messages
 * can have, because the size is known only afterwards.
 */
export class ReadingBudget {
  readonly #reads: FairLimiter;
  readonly #replies: FairLimiter;

  constructor({ onRefused }: Pick<FairLimiterOptions, 'onRefused'> = {}) {
    const waiting = {
      maxWaiting: MAX_WAITING,
      maxWaitingPerKey: MAX_WAITING_PER_USER,
      maxWaitMs: MAX_WAIT_MS,
      retryAfterMs: RETRY_MS,
      onRefused,
    };
    this.#reads = new FairLimiter({ limit: MAX_BYTES, limitPerKey: MAX_BYTES_PER_USER, ...waiting });
    this.#replies = new FairLimiter({ limit: MAX_REPLIES, limitPerKey: MAX_REPLIES_PER_USER, ...waiting });
  }

  /** Reads a part of a page. @throws LimitExceeded */
  read<T>(userId: string, messages: number, read: () => Promise<T>): Promise<T> {
    return this.#reads.run(userId, read, messages * MAX_MESSAGE_BYTES);
  }

  /** Builds a reply of many pages by means of `read`. @throws LimitExceeded */
  buildReply<T>(userId: string, build: () => Promise<T>): Promise<T> {
    return this.#replies.run(userId, build);
  }
}
