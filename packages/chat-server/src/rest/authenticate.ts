import { ChatError, type UserId } from '@parley/protocol';
import type { RequestHandler, Response } from 'express';
import type { AccessTokens } from '../accounts/access-tokens.ts';

/** Lets only callers with a good access token through and notes who they are. */
export const authenticate =
  (tokens: AccessTokens): RequestHandler =>
  async (request, response, next) => {
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (!token) throw new ChatError('UNAUTHENTICATED');
    response.locals.userId = (await tokens.verify(token)).userId;
    next();
  };

/** The caller whom `authenticate` let through. */
export function callerOf(response: Response): UserId {
  return response.locals.userId as UserId;
}
