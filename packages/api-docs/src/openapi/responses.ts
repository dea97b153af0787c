import { ChatError, ERROR_CATALOGUE, ErrorBody, type ErrorCode } from '@parley/protocol';
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';

const Problem = ErrorBody.extend({
  title: z.string().meta({ description: 'The code' }),
  status: z.int().meta({ description: 'The HTTP status' }),
  detail: z.string().meta({ description: 'The message' }),
}).meta({ id: 'Problem', description: 'An error with the additional fields of RFC 9457' });

/** The codes that any call under `/api` can get. */
const ERRORS_OF_ALL_CALLS: readonly ErrorCode[] = [
  'INVALID_PAYLOAD',
  'FORBIDDEN',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'INTERNAL',
];

/** Sent with the same time as `retryAfterMs`, rounded up to seconds. */
const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait before the next attempt', schema: { type: 'integer' as const } },
};

export const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

/** Returns the error responses of a call: one for each HTTP status, with its codes. */
export const errorResponses = (...codes: readonly ErrorCode[]): ZodOpenApiResponsesObject =>
  responsesOf(new Set([...codes, ...ERRORS_OF_ALL_CALLS]));

/** Returns the response of nginx to a client beyond a limit, which any address can give. */
export const rateLimitedResponse = (): ZodOpenApiResponsesObject => responsesOf(new Set(['RATE_LIMITED']));

function responsesOf(codes: ReadonlySet<ErrorCode>): ZodOpenApiResponsesObject {
  const codesByStatus = Map.groupBy(codes, (code) => ERROR_CATALOGUE[code].status);
  return Object.fromEntries(
    [...codesByStatus].map(([status, codesOfStatus]) => [
      status,
      {
        ...(codesOfStatus.some((code) => ERROR_CATALOGUE[code].retryable) && { headers: RETRY_AFTER }),
        description: codesOfStatus.map((code) => `\`${code}\`: ${ERROR_CATALOGUE[code].message}`).join('\n\n'),
        content: {
          'application/problem+json': {
            schema: Problem,
            examples: Object.fromEntries(codesOfStatus.map((code) => [code, { value: problemOf(code) }])),
          },
        },
      },
    ]),
  );
}

function problemOf(code: ErrorCode): z.infer<typeof Problem> {
  const { status, message } = ERROR_CATALOGUE[code];
  return { title: code, status, detail: message, ...new ChatError(code).toBody() };
}
