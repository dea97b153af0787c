import type { MessageLog } from '@parley/message-log';
import {
  ChatError,
  HelloPayload,
  type HelloReply,
  JoinPayload,
  type JoinReply,
  SincePayload,
  type SinceReply,
} from '@parley/protocol';
import type { ConcurrencyLimiter } from '@parley/service-kit';
import type { Conversations } from '../conversations/conversations.ts';
import type { History } from '../conversations/history.ts';
import { joinConversations } from '../conversations/join-rooms.ts';
import type { Membership } from '../conversations/membership.ts';
import type { MessageTargets } from '../conversations/message-targets.ts';
import type { ReadMarkers } from '../conversations/read-markers.ts';
import type { Receipts } from '../conversations/receipts.ts';
import type { MessageSender } from '../conversations/send-message.ts';
import type { SignalBus } from '../delivery/signal-bus.ts';
import type { SignalDelivery } from '../delivery/signal-delivery.ts';
import type { Presence } from '../presence/presence.ts';
import { awayHandler } from './away.ts';
import { type EventHandlers, eventHandler } from './dispatcher.ts';
import { changeMessageHandlers } from './message-events.ts';
import { sendMessageHandler } from './send-message.ts';
import { receiptHandlers } from './signal-events.ts';
import { typingHandler } from './typing.ts';

/** The most messages that one `messages:since` carries, shared out evenly; what is left says `hasMore`. */
const MAX_SINCE_MESSAGES = 1_000;

/** What each event of a client does. */
export function createEventHandlers(parts: {
  node: string;
  log: MessageLog;
  membership: Membership;
  conversations: Conversations;
  history: History;
  readMarkers: ReadMarkers;
  receipts: Receipts;
  sender: MessageSender;
  targets: MessageTargets;
  signals: SignalBus;
  delivery: SignalDelivery;
  presence: Presence;
  arrivals: ConcurrencyLimiter;
}): EventHandlers {
  const { node, log, conversations, history, readMarkers, presence, arrivals } = parts;

  const hello = eventHandler({
    payload: HelloPayload,
    async handle(socket, session, { timezone }): Promise<HelloReply> {
      const greet = async () => {
        if (session.endedBy) throw new ChatError('UNAVAILABLE');
        const conversationIds = await joinConversations(socket, session.userId, conversations);
        presence.greet(socket, session, conversationIds);
        const [states, markers] = await Promise.all([
          log.states(conversationIds),
          readMarkers.read(session.userId, conversationIds),
        ]);
        return { conversationIds, states, markers };
      };
      const { conversationIds, states, markers } = await arrivals.run(greet, 'started');
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
      let refusal: ChatError | undefined;
      const pages = await Promise.all(
        cursors.map(async ({ conversationId, afterSeq }) => {
          const query = { afterSeq, limit: Math.min(limit, share) };
          try {
            return [{ conversationId, ...(await history.readPage(conversationId, session.userId, query)) }];
          } catch (error) {
            if (!(error instanceof ChatError) || error.code === 'UNAVAILABLE') throw error;
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
      presence.membersChanged(conversationId, [session.userId]);
      return { ok: true, headSeq: conversation.headSeq };
    },
  });

  return {
    'session:hello': hello,
    'message:send': sendMessageHandler(parts),
    'messages:since': since,
    'conversation:join': join,
    ...changeMessageHandlers(parts),
    ...receiptHandlers(parts),
    typing: typingHandler(parts),
    away: awayHandler(parts),
  };
}
