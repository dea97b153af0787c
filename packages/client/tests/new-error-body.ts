import type { ErrorBody } from '@parley/protocol';

/** What a server says no with. */
export const newErrorBody = (code: ErrorBody['code'], details: Partial<ErrorBody> = {}): ErrorBody => ({
  code,
  message: `refused: ${code}`,
  retryable: ['SERVER_FULL', 'BUSY', 'UNAVAILABLE', 'SHUTTING_DOWN', 'RATE_LIMITED'].includes(code),
  ...details,
});
