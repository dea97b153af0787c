// cspell:ignore passport
import { type LegacyMessageTrace, MessageId, type MessageTrace, parsePayload, SearchQuery } from '@parley/protocol';
import { Router } from 'express';
import type { MessageTraces } from '../conversations/message-traces.ts';
import type { Search } from '../conversations/search.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import { callerOf } from './authenticate.ts';

/** `/api/messages`: the trace of one message. */
export function messageRoutes(traces: MessageTraces): Router {
  const router = Router();

  router.get('/:id/trace', async (request, response) => {
    const id = parsePayload(MessageId, request.params.id);
    response.json(await traces.find(id, callerOf(response)));
  });

  // Deprecated: the former name of the trace. Its field names do not change.
  router.get('/:id/passport', async (request, response) => {
    const id = parsePayload(MessageId, request.params.id);
    response.json(toLegacyTrace(await traces.find(id, callerOf(response))));
  });

  return router;
}

/** `/api/search`: full-text search over messages. */
export function searchRoutes(search: Search, limit: RateLimit): Router {
  const router = Router();

  router.get('/', async (request, response) => {
    const caller = callerOf(response);
    const query = parsePayload(SearchQuery, request.query);
    response.json(await limit.run(caller, () => search.find(caller, query)));
  });

  return router;
}

const toLegacyTrace = ({ id, conversationId, seq, appended, ...steps }: MessageTrace): LegacyMessageTrace => ({
  id,
  conversationId,
  seq,
  accepted: appended,
  ...steps,
});
