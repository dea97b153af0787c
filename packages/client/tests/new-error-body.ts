import type { ErrorBody } from '@parley/protocol';

/** Creates an error body of a server. */
export const newErrorBody = (code: ErrorBody['code'], details: Partial<ErrorBody> = {}): ErrorBody => ({
  code,
  message: `error: ${code}`,
  retryable: ['SERVER_FULL', 'BUSY', 'UNAVAILABLE', 'SHUTTING_DOWN', 'RATE_LIMITED'].includes(code),
  ...details,
});
