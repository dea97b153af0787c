import { ChatError, type UserId } from '@parley/protocol';
import type { RequestHandler, Response } from 'express';
import type { AccessTokens } from '../accounts/access-tokens.ts';

/** Refuses requests without a valid access token, and records the caller. */
export const authenticate =
  (tokens: AccessTokens): RequestHandler =>
  async (request, response, next) => {
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (!token) throw new ChatError('UNAUTHENTICATED');
    response.locals.userId = (await tokens.verify(token)).userId;
    next();
  };

/** Returns the caller that `authenticate` recorded. */
export function callerOf(response: Response): UserId {
  return response.locals.userId as UserId;
}
