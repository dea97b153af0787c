import { HeadUnknown, PartitionsChanged } from '@parley/message-log';
import { StoreUnavailable } from '@parley/message-store';
import { ChatError } from '@parley/protocol';
import { DeadlineExceeded, isRedisUnavailable, LimitExceeded, type Logger } from '@parley/service-kit';

/** Retry delay while Redis or the store is unavailable. */
const UNAVAILABLE_RETRY_MS = 1_000;

/** Retry delay while a conversation's head is unknown. One more attempt initialises it. */
const HEAD_UNKNOWN_RETRY_MS = 100;

/** Converts any error of a request into the one that its client gets. This is the only place where faults become codes. */
export function toChatError(error: unknown, logger: Logger): ChatError {
  if (error instanceof ChatError) return error;
  if (error instanceof HeadUnknown) {
    return new ChatError('UNAVAILABLE', { retryAfterMs: HEAD_UNKNOWN_RETRY_MS }, { cause: error });
  }
  if (error instanceof PartitionsChanged) {
    logger.error({ err: error }, 'LOG_PARTITIONS was changed; start this server again');
    return new ChatError('UNAVAILABLE', { retryAfterMs: UNAVAILABLE_RETRY_MS }, { cause: error });
  }
  if (error instanceof StoreUnavailable || error instanceof DeadlineExceeded || isRedisUnavailable(error)) {
    logger.warn({ err: error }, 'a request failed because Redis or the store is unavailable');
    return new ChatError('UNAVAILABLE', { retryAfterMs: UNAVAILABLE_RETRY_MS }, { cause: error });
  }
  if (error instanceof LimitExceeded) {
    const { retryAfterMs } = error;
    // The caller has used up its own share, or the server has too much to do for all callers.
    return new ChatError(error.reason === 'share' ? 'RATE_LIMITED' : 'UNAVAILABLE', { retryAfterMs }, { cause: error });
  }
  logger.error({ err: error }, 'a request failed');
  return new ChatError('INTERNAL', {}, { cause: error });
}
