import type { UserStore } from '@parley/message-store';
import { ChatError, parsePayload, UsersQuery } from '@parley/protocol';
import { Router } from 'express';
import { toUser } from '../accounts/accounts.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import { callerOf } from './authenticate.ts';

/** The most users in one search result. */
const MAX_FOUND_USERS = 50;

/** `/api/me` and `/api/users`. @param searches limits the searches of a user by name; a look-up by ids is none */
export function userRoutes(users: UserStore, searches: RateLimit): Router {
  const router = Router();

  router.get('/me', async (_request, response) => {
    const user = await users.findById(callerOf(response));
    if (!user) throw new ChatError('UNAUTHENTICATED', { message: 'The user no longer exists. Log in again.' });
    response.json(toUser(user));
  });

  router.get('/users', async (request, response) => {
    const { query, ids } = parsePayload(UsersQuery, request.query);
    const search = () => users.search(query, MAX_FOUND_USERS);
    const found = ids ? await users.findMany(ids) : await searches.run(callerOf(response), search);
    response.json({ users: found.map(toUser) });
  });

  return router;
}
