import type { MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import {
  HelloPayload,
  type HelloReply,
  JoinPayload,
  type JoinReply,
  ReadPayload,
  type ReadReply,
  Refusal,
  SincePayload,
  type SinceReply,
} from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { ConversationAccess } from '../conversations/access.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { readStates } from '../conversations/heads.ts';
import type { History } from '../conversations/history.ts';
import type { ReadMarkers } from '../conversations/read-markers.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import { joinConversations } from './join-conversations.ts';
import { type EventHandlers, eventHandler } from './on-event.ts';
import { sendMessageHandler } from './send-message.ts';

/** The most messages that one `messages:since` carries, shared out evenly; what is left says `hasMore`. */
const MAX_SINCE_MESSAGES = 1_000;

/** What each event of a client does. */
export function createEventHandlers(parts: {
  node: string;
  log: MessageLog;
  messages: MessageStore;
  access: ConversationAccess;
  conversations: Conversations;
  history: History;
  readMarkers: ReadMarkers;
  metrics: ChatServerMetrics;
  logger: Logger;
}): EventHandlers {
  const { node, access, conversations, history, readMarkers } = parts;

  const hello = eventHandler({
    payload: HelloPayload,
    async handle(socket, session, { timezone }): Promise<HelloReply> {
      const conversationIds = await joinConversations(socket, session.userId, conversations);
      const [states, markers] = await Promise.all([
        readStates(parts, conversationIds),
        readMarkers.read(session.userId, conversationIds),
      ]);
      return {
        ok: true,
        session: {
          userId: session.userId,
          node,
          startedAt: new Date(session.startedAtMs).toISOString(),
          expiresAt: new Date(session.authorisedUntilMs).toISOString(),
          timezone,
        },
        heads: conversationIds.map((conversationId, index) => ({
          conversationId,
          headSeq: states[index]?.headSeq ?? 0,
          storedSeq: states[index]?.storedSeq ?? 0,
          readSeq: markers[index] ?? 0,
          epoch: states[index]?.epoch ?? '',
        })),
      };
    },
  });

  const since = eventHandler({
    payload: SincePayload,
    async handle(_socket, session, { cursors, limit }): Promise<SinceReply> {
      const share = Math.floor(MAX_SINCE_MESSAGES / cursors.length);
      const refused: NonNullable<SinceReply['refused']> = [];
      let refusal: Refusal | undefined;
      const pages = await Promise.all(
        cursors.map(async ({ conversationId, afterSeq }) => {
          const query = { afterSeq, limit: Math.min(limit, share) };
          try {
            return [{ conversationId, ...(await history.readPage(conversationId, session.userId, query)) }];
          } catch (error) {
            if (!(error instanceof Refusal) || error.code === 'UNAVAILABLE') throw error;
            refusal = error;
            refused.push({ conversationId, ...error.toBody() });
            return [];
          }
        }),
      );
      if (refusal && refused.length === cursors.length) throw refusal;
      return { ok: true, conversations: pages.flat(), ...(refused.length > 0 && { refused }) };
    },
  });

  const join = eventHandler({
    payload: JoinPayload,
    async handle(socket, session, { conversationId }): Promise<JoinReply> {
      const conversation = await conversations.join(conversationId, session.userId);
      await socket.join(conversationId);
      return { ok: true, headSeq: conversation.headSeq };
    },
  });

  const read = eventHandler({
    payload: ReadPayload,
    async handle(_socket, session, { conversationId, seq }): Promise<ReadReply> {
      await access.require(conversationId, session.userId);
      const [state] = await readStates(parts, [conversationId]);
      await readMarkers.move(session.userId, conversationId, Math.min(seq, state?.headSeq ?? 0));
      return { ok: true };
    },
  });

  return {
    'session:hello': hello,
    'message:send': sendMessageHandler(parts),
    'messages:since': since,
    'conversation:join': join,
    read,
  };
}
