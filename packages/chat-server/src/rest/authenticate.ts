import { ChatError, type UserId } from '@parley/protocol';
import type { RequestHandler, Response } from 'express';
import type { AccessTokens } from '../accounts/access-tokens.ts';
import { runAs } from '../caller.ts';

/** Refuses requests without a valid access token, and records the caller. */
export const authenticate =
  (tokens: AccessTokens): RequestHandler =>
  (request, response, next) => {
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (!token) throw new ChatError('UNAUTHENTICATED');
    const { userId } = tokens.verify(token);
    response.locals.userId = userId;
    runAs(userId, next);
  };

/** Returns the caller that `authenticate` recorded. */
export function callerOf(response: Response): UserId {
  return response.locals.userId as UserId;
}
