import { MessageId, parsePayload } from '@parley/protocol';
import { Router } from 'express';
import type { Passports } from '../conversations/message-traces.ts';
import { callerOf } from './authenticate.ts';

/** `/api/messages`: where a message has been. */
export function messageRoutes(passports: Passports): Router {
  const router = Router();

  router.get('/:id/passport', async (request, response) => {
    const id = parsePayload(MessageId, request.params.id);
    response.json(await passports.find(id, callerOf(response)));
  });

  return router;
}
