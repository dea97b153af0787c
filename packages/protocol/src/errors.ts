import { z } from 'zod';

interface CatalogueEntry {
  /** The HTTP status that carries the code. */
  readonly status: number;
  /** Whether the same request can succeed later. */
  readonly retryable: boolean;
  /** The default text for people: what happened, then what to do. */
  readonly message: string;
  /** When a server sends the code. */
  readonly when: string;
  /** The advice to developers of clients. */
  readonly action: string;
}

/**
 * Every error that a client can get. REST sends it as `application/problem+json`, an ack as `{ ok: false, … }`, a refused connection
 * as `connect_error`. `docs/errors.md` is generated from this table.
 */
export const ERROR_CATALOGUE = {
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    message: 'The access token is missing, invalid or expired. Log in again.',
    when: 'The request has no valid access token, the login failed, or the login has ended.',
    action: 'Refresh the access token once and repeat the request. If the refresh fails, ask the user to log in.',
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    message: 'You do not have permission to do this. Use an account that has it.',
    when: 'The caller is not a member of the conversation, may not perform the action, or calls from a foreign origin.',
    action: 'Do not repeat the request.',
  },
  NOT_FOUND: {
    status: 404,
    retryable: false,
    message: 'It does not exist, or you may not see it. Check the id.',
    when: 'The user, conversation, message, attachment, address or namespace does not exist, or is not visible to the caller.',
    action: 'Do not repeat the request. Remove the object from the local state.',
  },
  INVALID_PAYLOAD: {
    status: 400,
    retryable: false,
    message: 'The request is not valid. Compare it with the API reference.',
    when: 'The request does not match its schema, or is no request of this API. For an invalid field, the message begins with its name.',
    action: 'Correct what the message names.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    retryable: false,
    message: 'The request is too large. Send at most 64 KB.',
    when: 'A JSON body or an event exceeds 64 KB, a handshake exceeds 16 KB, or one request of a long-polling client has more than 2,000 packets.',
    action: 'Send less at once. Split lists into several requests.',
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    message: 'Too many requests. Wait before you try again.',
    when: 'A limit by address or by rate is reached: sign-ups, log-ins, connections, sessions of one address, requests, searches, events, messages, or conversations created in an hour; or too many requests of one user or address wait. `docs/configuration.md` lists the limits.',
    action: 'Wait `retryAfterMs`, then repeat the request. A request before that is refused again.',
  },
  SERVER_FULL: {
    status: 503,
    retryable: true,
    message: 'The cluster is full. You are in the waiting room: reconnect to keep your position.',
    when: 'All session slots of the cluster are in use (`MAX_CLIENTS`), or for a guest all that are not reserved (`RESERVED_FOR_ACCOUNTS`). Refuses connections only.',
    action: 'Connect again after `retryAfterMs` with `waitTicket` in the handshake. Show `position` to the user.',
  },
  ALREADY_CONNECTED: {
    status: 409,
    retryable: false,
    message: 'You already have a session elsewhere. Take it over to continue here.',
    when: 'The user has a live session with another `deviceId`. Refuses connections only.',
    action: 'Ask the user, then connect with `takeover: true`.',
  },
  BUSY: {
    status: 503,
    retryable: true,
    message: 'Too many messages are in process. Send it again in a moment.',
    when: 'The limit of messages in process is reached (`MAX_IN_PROCESS`), the user or the conversation has more than its share of them while few are free, or the members of the conversation are changing.',
    action: 'Wait `retryAfterMs`, then send the message again with the same `clientMessageId`.',
  },
  SHUTTING_DOWN: {
    status: 503,
    retryable: true,
    message: 'This server is shutting down. Reconnect to reach another one.',
    when: 'A server that drains its sessions refuses new connections.',
    action: 'Connect again after `retryAfterMs`. The load balancer chooses another server.',
  },
  UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'A backend is unavailable. Try again in a moment.',
    when: 'Redis or the history store does not answer in time, the server cannot confirm its session leases, it has too many connections that are not admitted yet, too many requests are waiting, or a later session of the user has sent a message.',
    action: 'Repeat the request with backoff. It may have taken effect: use the same `clientMessageId` for a message.',
  },
  CONFLICT: {
    status: 409,
    retryable: false,
    message: 'The request conflicts with existing data. Change the request.',
    when: 'A username or a `clientMessageId` is in use, a group is full, a user is in too many conversations, or the message was deleted.',
    action: 'Read the current state and change the request.',
  },
  INTERNAL: {
    status: 500,
    retryable: false,
    message: 'The server failed to process the request. Report this to the operator.',
    when: 'The server has a fault. Its log has the reason.',
    action: 'Do not repeat the request automatically. Report it with the `X-Request-Id` of the response.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
export const ERROR_CODES = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];

/** An error as a client receives it. */
export const ErrorBody = z
  .object({
    code: z.enum(ERROR_CODES),
    message: z.string().meta({ description: 'For people: what happened, then what to do' }),
    retryable: z.boolean().meta({ description: 'Whether the same request can succeed later' }),
    retryAfterMs: z.int().min(0).optional().meta({ description: 'How long to wait before the next attempt' }),
    position: z.int().min(1).optional().meta({ description: 'SERVER_FULL: position in the waiting room, 1 is next' }),
    waitTicket: z.string().optional().meta({ description: 'SERVER_FULL: send it with the next handshake' }),
    since: z.string().optional().meta({ description: 'ALREADY_CONNECTED: when the other session began' }),
  })
  .meta({ id: 'Error', description: 'The error of a REST call, an ack or a refused connection' });
export type ErrorBody = z.infer<typeof ErrorBody>;

/** The ack of an event that failed. */
export type Refused = { ok: false } & ErrorBody;

type ChatErrorDetails = { message?: string } & Partial<
  Pick<ErrorBody, 'retryAfterMs' | 'position' | 'waitTicket' | 'since'>
>;

/**
 * An expected failure of a request. The REST or socket edge sends it to the client as it is; it translates all other errors into
 * `INTERNAL` or `UNAVAILABLE`.
 */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  readonly code: ErrorCode;
  readonly details: Omit<ChatErrorDetails, 'message'>;

  constructor(code: ErrorCode, { message, ...details }: ChatErrorDetails = {}, options?: ErrorOptions) {
    super(message ?? ERROR_CATALOGUE[code].message, options);
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, retryable: ERROR_CATALOGUE[this.code].retryable, ...this.details };
  }
}

/** Parses a client's input. @throws ChatError `INVALID_PAYLOAD` with the first issue */
export function parsePayload<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new ChatError('INVALID_PAYLOAD', { message: describeIssues(parsed.error) });
  return parsed.data;
}

/** Returns the first issue of a payload as one line that begins with the field. */
function describeIssues(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'not valid';
  const path = issue.path.join('.');
  return path ? `${path}: ${issue.message}` : issue.message;
}
