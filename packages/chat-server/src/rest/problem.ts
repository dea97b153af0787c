import { ChatError } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { toChatError } from '../to-chat-error.ts';

/** Unknown addresses below `/api`. */
export const notFound: RequestHandler = () => {
  throw new ChatError('NOT_FOUND', { message: 'There is no such address.' });
};

/** The edge of REST: every refusal and fault leaves as `application/problem+json` (RFC 9457) with a code of the catalogue. */
export const problemHandler =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const refusal = fromBodyParser(error) ?? toChatError(error, request.log ?? logger);
    const body = refusal.toBody();
    if (body.retryAfterMs !== undefined) response.set('Retry-After', String(Math.ceil(body.retryAfterMs / 1_000)));
    if (body.code === 'UNAUTHENTICATED') response.set('WWW-Authenticate', 'Bearer');
    response
      .status(refusal.status)
      .type('application/problem+json')
      .send(JSON.stringify({ title: body.code, status: refusal.status, detail: body.message, ...body }));
  };

/** What express and its body parser refuse carries an HTTP status of its own. */
function fromBodyParser(error: unknown): ChatError | undefined {
  if (
    error instanceof ChatError ||
    !(error instanceof Error) ||
    !('status' in error) ||
    typeof error.status !== 'number'
  )
    return undefined;
  if (error.status === 413) return new ChatError('PAYLOAD_TOO_LARGE', {}, { cause: error });
  if (error.status >= 400 && error.status < 500) {
    return new ChatError(
      'INVALID_PAYLOAD',
      { message: 'The request is not readable as JSON in UTF-8.' },
      { cause: error },
    );
  }
  return undefined;
}
