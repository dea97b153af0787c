import {
  AddMembersPayload,
  ConversationId,
  ConversationsQuery,
  CreateConversationPayload,
  PageQuery,
  parsePayload,
  RenamePayload,
  UserId,
} from '@parley/protocol';
import { Router } from 'express';
import type { Conversations } from '../conversations/conversations.ts';
import type { History } from '../conversations/history.ts';
import type { Receipts } from '../conversations/receipts.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import { callerOf } from './authenticate.ts';

/** `/api/conversations`: conversations, their members, receipts and history. */
export function conversationRoutes(parts: {
  conversations: Conversations;
  history: History;
  receipts: Receipts;
  metrics: ChatServerMetrics;
}): Router {
  const { conversations, history, receipts, metrics } = parts;
  const router = Router();

  router.get('/', async (request, response) => {
    response.json(await conversations.listPage(callerOf(response), parsePayload(ConversationsQuery, request.query)));
  });

  router.post('/', async (request, response) => {
    const payload = parsePayload(CreateConversationPayload, request.body);
    const { conversation, created } = await conversations.create(callerOf(response), payload);
    response.status(created ? 201 : 200).json(conversation);
  });

  router.patch('/:id', async (request, response) => {
    const conversationId = parsePayload(ConversationId, request.params.id);
    const { title } = parsePayload(RenamePayload, request.body);
    response.json(await conversations.rename(conversationId, callerOf(response), title));
  });

  router.post('/:id/members', async (request, response) => {
    const conversationId = parsePayload(ConversationId, request.params.id);
    const { memberIds } = parsePayload(AddMembersPayload, request.body);
    response.json(await conversations.addMembers(conversationId, callerOf(response), memberIds));
  });

  router.delete('/:id/members/:userId', async (request, response) => {
    const conversationId = parsePayload(ConversationId, request.params.id);
    const leavingId = parsePayload(UserId, request.params.userId);
    await conversations.removeMember(conversationId, callerOf(response), leavingId);
    response.status(204).end();
  });

  router.get('/:id/receipts', async (request, response) => {
    const conversationId = parsePayload(ConversationId, request.params.id);
    response.json({ readers: await receipts.list(conversationId, callerOf(response)) });
  });

  router.get('/:id/messages', async (request, response) => {
    const conversationId = parsePayload(ConversationId, request.params.id);
    const { before, after, limit } = parsePayload(PageQuery, request.query);
    const endTimer = metrics.chat_page_seconds.startTimer();
    const query = { beforeSeq: before, afterSeq: after, limit };
    response.json(await history.readPage(conversationId, callerOf(response), query));
    endTimer();
  });

  return router;
}
