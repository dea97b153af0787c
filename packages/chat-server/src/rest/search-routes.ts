import { parsePayload, SearchQuery } from '@parley/protocol';
import { Router } from 'express';
import type { Search } from '../conversations/search.ts';
import { callerOf } from './authenticate.ts';

/** `/api/search`: full-text search over messages. */
export function searchRoutes(search: Search): Router {
  const router = Router();

  router.get('/', async (request, response) => {
    response.json(await search.find(callerOf(response), parsePayload(SearchQuery, request.query)));
  });

  return router;
}
