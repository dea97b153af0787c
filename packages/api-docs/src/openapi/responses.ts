import { ChatError, ERROR_CATALOGUE, ErrorBody, type ErrorCode } from '@parley/protocol';
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';

const Problem = ErrorBody.extend({
  title: z.string().meta({ description: 'The code' }),
  status: z.int().meta({ description: 'The HTTP status' }),
  detail: z.string().meta({ description: 'The message' }),
}).meta({ id: 'Problem', description: 'An error with the additional fields of RFC 9457' });

/** The codes that any call under `/api` can get. */
const ERRORS_OF_ALL_CALLS: readonly ErrorCode[] = ['INVALID_PAYLOAD', 'FORBIDDEN', 'UNAVAILABLE', 'INTERNAL'];

export const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

/** Returns the error responses of a call: one for each HTTP status, with its codes. */
export function errorResponses(...codes: readonly ErrorCode[]): ZodOpenApiResponsesObject {
  const codesByStatus = Map.groupBy(
    new Set([...codes, ...ERRORS_OF_ALL_CALLS]),
    (code) => ERROR_CATALOGUE[code].status,
  );
  return Object.fromEntries(
    [...codesByStatus].map(([status, codesOfStatus]) => [
      status,
      {
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
