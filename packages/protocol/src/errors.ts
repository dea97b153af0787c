import { z } from 'zod';

/**
 * Every refusal in the system, with the HTTP status that carries it and whether the same request can succeed later.
 * REST sends it as `application/problem+json`, an ack as `{ ok: false, … }`, a refused connection as `connect_error`.
 */
export const ERROR_CATALOGUE = {
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    message: 'Log in first: the access token is missing, wrong or expired.',
  },
  FORBIDDEN: { status: 403, retryable: false, message: 'You may not do this.' },
  NOT_FOUND: { status: 404, retryable: false, message: 'There is no such thing, or you may not see it.' },
  INVALID_PAYLOAD: { status: 400, retryable: false, message: 'The request does not have the required form.' },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, message: 'The request is too large.' },
  RATE_LIMITED: { status: 429, retryable: true, message: 'Too many requests: wait a moment.' },
  SERVER_FULL: { status: 503, retryable: true, message: 'Every place is taken: you are in the queue.' },
  ALREADY_CONNECTED: {
    status: 409,
    retryable: false,
    message: 'You are connected elsewhere: take over to continue here.',
  },
  BUSY: { status: 503, retryable: true, message: 'Too many messages are in process: send it again in a moment.' },
  SHUTTING_DOWN: { status: 503, retryable: true, message: 'This server is shutting down: connect again.' },
  UNAVAILABLE: { status: 503, retryable: true, message: 'A part of the cluster is away: try again in a moment.' },
  CONFLICT: { status: 409, retryable: false, message: 'This contradicts what is already there.' },
  INTERNAL: { status: 500, retryable: false, message: 'Something went wrong on our side.' },
} as const satisfies Record<string, { status: number; retryable: boolean; message: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
export const ERROR_CODES = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];

/** What a client is told of a refusal. */
export const ErrorBody = z
  .object({
    code: z.enum(ERROR_CODES),
    message: z.string().meta({ description: 'For people; says what to do next' }),
    retryable: z.boolean().meta({ description: 'Whether the same request can succeed later' }),
    retryAfterMs: z.int().min(0).optional().meta({ description: 'How long to wait before that' }),
    position: z.int().min(1).optional().meta({ description: 'SERVER_FULL: place in the waiting room, 1 is next' }),
    waitTicket: z.string().optional().meta({ description: 'SERVER_FULL: goes into the next handshake' }),
    since: z.string().optional().meta({ description: 'ALREADY_CONNECTED: when the other session began' }),
  })
  .meta({ id: 'Error', description: 'Every refusal, everywhere' });
export type ErrorBody = z.infer<typeof ErrorBody>;

/** The failed half of every ack. */
export type Refused = { ok: false } & ErrorBody;

type ChatErrorDetails = { message?: string } & Partial<
  Pick<ErrorBody, 'retryAfterMs' | 'position' | 'waitTicket' | 'since'>
>;

/**
 * A request that is refused, on its way to the edge that tells the client. Faults are ordinary errors; the edge turns
 * those into `INTERNAL` or `UNAVAILABLE`.
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

/** The first thing wrong with a payload, as one line that names the field. */
export function describeIssues(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'not valid';
  const path = issue.path.join('.');
  return path ? `${path}: ${issue.message}` : issue.message;
}

/** Parses a client's input, or refuses it with `INVALID_PAYLOAD` and the reason. */
export function parsePayload<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new ChatError('INVALID_PAYLOAD', { message: describeIssues(parsed.error) });
  return parsed.data;
}
