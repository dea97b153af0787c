import { ChatError } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { toChatError } from '../to-chat-error.ts';

/** Responds to requests for unknown addresses. */
export const notFound: RequestHandler = () => {
  throw new ChatError('NOT_FOUND', { message: 'The address does not exist. Compare it with the API reference.' });
};

/** Responds to every error with `application/problem+json` (RFC 9457) and a code of the catalogue. */
export const problemHandler =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const chatError = fromBodyParser(error) ?? toChatError(error, request.log ?? logger);
    const body = chatError.toBody();
    if (body.retryAfterMs !== undefined) response.set('Retry-After', String(Math.ceil(body.retryAfterMs / 1_000)));
    if (body.code === 'UNAUTHENTICATED') response.set('WWW-Authenticate', 'Bearer');
    response
      .status(chatError.status)
      .type('application/problem+json')
      .send(JSON.stringify({ title: body.code, status: chatError.status, detail: body.message, ...body }));
  };

/** Translates an error of express or its body parser, which has an HTTP status. */
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
      { message: 'The body is not valid JSON in UTF-8. Correct it.' },
      { cause: error },
    );
  }
  return undefined;
}
