import { HeadUnknown } from '@parley/message-log';
import { StoreUnavailable } from '@parley/message-store';
import { ChatError } from '@parley/protocol';
import { DeadlineExceeded, isRedisUnavailable, type Logger } from '@parley/service-kit';

const UNAVAILABLE_RETRY_MS = 1_000;

/** The next attempt initialises the head. */
const HEAD_UNKNOWN_RETRY_MS = 100;

/** Translates any error of a request into the error that its client gets. Both edges, REST and socket, use it. */
export function toChatError(error: unknown, logger: Logger): ChatError {
  if (error instanceof ChatError) return error;
  if (error instanceof HeadUnknown) {
    return new ChatError('UNAVAILABLE', { retryAfterMs: HEAD_UNKNOWN_RETRY_MS }, { cause: error });
  }
  if (error instanceof StoreUnavailable || error instanceof DeadlineExceeded || isRedisUnavailable(error)) {
    logger.warn({ err: error }, 'request failed: a backend is unavailable');
    return new ChatError('UNAVAILABLE', { retryAfterMs: UNAVAILABLE_RETRY_MS }, { cause: error });
  }
  logger.error({ err: error }, 'request failed');
  return new ChatError('INTERNAL', {}, { cause: error });
}
