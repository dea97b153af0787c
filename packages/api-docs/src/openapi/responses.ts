import { ChatError, ERROR_CATALOGUE, ErrorBody, type ErrorCode } from '@parley/protocol';
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';

const Problem = ErrorBody.extend({
  title: z.string().meta({ description: 'The code' }),
  status: z.int().meta({ description: 'The HTTP status' }),
  detail: z.string().meta({ description: 'The message' }),
}).meta({ id: 'Problem', description: 'Every refusal, with the fields of RFC 9457 beside its own' });

/** What any call under `/api` may be refused with, whatever it does. */
const EVERYWHERE: readonly ErrorCode[] = ['INVALID_PAYLOAD', 'FORBIDDEN', 'UNAVAILABLE', 'INTERNAL'];

export const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

/** The refusals of a call: one response for each HTTP status, which names the codes that come with it. */
export function refusals(...codes: readonly ErrorCode[]): ZodOpenApiResponsesObject {
  const codesByStatus = Map.groupBy(new Set([...codes, ...EVERYWHERE]), (code) => ERROR_CATALOGUE[code].status);
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
