import type { ErrorBody, ErrorCode, Refused } from '@parley/protocol';

/**
 * What a call of this library rejects with: the cluster's refusal, or `UNAVAILABLE` when no answer came. `retryable` says
 * whether the same call can succeed later, `retryAfterMs` how long to wait before it; `message` is for people.
 */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** `SERVER_FULL`: the place in the waiting room, 1 is next. */
  readonly position: number | undefined;
  /** `SERVER_FULL`: keeps the place; goes into the next handshake. */
  readonly waitTicket: string | undefined;
  /** `ALREADY_CONNECTED`: when the other session began, ISO 8601. */
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
  message: 'The server can not be reached: check your connection; we keep trying.',
  retryable: true,
};

/** No answer came: the network failed, or the deadline passed. Whether the request was carried out is unknown. */
export const unavailableError = (cause?: unknown): ParleyError => new ParleyError(UNAVAILABLE, { cause });

/** The same in the form of an ack. */
export const UNAVAILABLE_REPLY: Refused = { ok: false, ...UNAVAILABLE };

/** Whether this is a refusal as the cluster writes it. */
export function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const body = value as Partial<ErrorBody>;
  return typeof body.code === 'string' && typeof body.message === 'string' && typeof body.retryable === 'boolean';
}

/** An answer that the cluster's own code did not write, such as a proxy's page for an upstream that is away. */
export function errorFromStatus(status: number): ParleyError {
  if (status === 429) return new ParleyError({ code: 'RATE_LIMITED', message: 'Too many requests.', retryable: true });
  if (status === 413) {
    return new ParleyError({ code: 'PAYLOAD_TOO_LARGE', message: 'The request is too large.', retryable: false });
  }
  if (status === 502 || status === 503 || status === 504) return unavailableError(new Error(`HTTP status ${status}`));
  return new ParleyError({ code: 'INTERNAL', message: `The server answered with status ${status}.`, retryable: false });
}
