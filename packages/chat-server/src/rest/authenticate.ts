import { ChatError, type UserId } from '@parley/protocol';
import type { Request, RequestHandler, Response } from 'express';
import type { AccessTokens } from '../accounts/access-tokens.ts';
import { runAs } from '../caller.ts';
import type { ClientAddresses } from '../client-address.ts';
import type { Pacer } from '../limits/pacer.ts';

/** Refuses requests without a valid access token, in turn by address, and records the caller. */
export const authenticate =
  (tokens: AccessTokens, refused: { addresses: ClientAddresses; pacer: Pacer }): RequestHandler =>
  async (request, response, next) => {
    try {
      response.locals.userId = tokens.verify(bearerTokenOf(request)).userId;
    } catch (error) {
      await refused.pacer.turn(refused.addresses.of(request));
      throw error;
    }
    runAs(callerOf(response), next);
  };

function bearerTokenOf(request: Request): string {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (!token) throw new ChatError('UNAUTHENTICATED');
  return token;
}

/** Returns the caller that `authenticate` recorded. */
export function callerOf(response: Response): UserId {
  return response.locals.userId as UserId;
}
