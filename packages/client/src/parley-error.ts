import type { ErrorBody, ErrorCode, Refused } from '@parley/protocol';

/**
 * The error of every rejected call in this library: an error of the cluster, or `UNAVAILABLE` if no answer arrived.
 * `retryable` says whether the same call may succeed later, `retryAfterMs` how long to wait before that. `message` can be
 * shown to the user.
 */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** With `SERVER_FULL`: position in the waiting room; 1 is next. */
  readonly position: number | undefined;
  /** With `SERVER_FULL`: keeps the position; sent in the next handshake. */
  readonly waitTicket: string | undefined;
  /** With `ALREADY_CONNECTED`: start of the other session, ISO 8601. */
  readonly since: string | undefined;

  constructor(body: ErrorBody, options?: ErrorOptions) {
    super(body.message, options);
    this.code = body.code;
    this.retryable = body.retryable;
    this.retryAfterMs = body.retryAfterMs;
    this.position = body.position;
    this.waitTicket = body.waitTicket;
    this.since = body.since;
  }
}

const UNAVAILABLE: ErrorBody = {
  code: 'UNAVAILABLE',
  message: 'Cannot reach the server. Check your network connection.',
  retryable: true,
};

/** Creates the error for a missing answer: a network failure or a timeout. Whether the request took effect is unknown. */
export const unavailableError = (cause?: unknown): ParleyError => new ParleyError(UNAVAILABLE, { cause });

/** The same error as an ack. */
export const UNAVAILABLE_REPLY: Refused = { ok: false, ...UNAVAILABLE };

/** Whether a value is an error body of the cluster. */
export function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const body = value as Partial<ErrorBody>;
  return typeof body.code === 'string' && typeof body.message === 'string' && typeof body.retryable === 'boolean';
}

/** Creates the error of an HTTP reply. @param body its JSON; a proxy's page for an unavailable upstream has none */
export const errorFromReply = (status: number, body: unknown): ParleyError =>
  isErrorBody(body) ? new ParleyError(body) : errorFromStatus(status);

function errorFromStatus(status: number): ParleyError {
  if (status === 429)
    return new ParleyError({ code: 'RATE_LIMITED', message: 'Too many requests. Try again later.', retryable: true });
  if (status === 413) {
    return new ParleyError({ code: 'PAYLOAD_TOO_LARGE', message: 'The request is too large.', retryable: false });
  }
  if (status === 502 || status === 503 || status === 504) return unavailableError(new Error(`HTTP status ${status}`));
  return new ParleyError({
    code: 'INTERNAL',
    message: `Unexpected answer from the server (status ${status}).`,
    retryable: false,
  });
}
