import { type DoneReply, TypingPayload } from '@parley/protocol';
import type { ConversationAccess } from '../conversations/membership.ts';
import type { SignalBus } from '../delivery/signal-bus.ts';
import type { SignalDelivery } from '../delivery/signal-delivery.ts';
import { eventHandler } from './dispatcher.ts';

/** `typing`: told to the others while it holds. */
export function typingHandler(parts: { access: ConversationAccess; signals: SignalBus; delivery: SignalDelivery }) {
  const { access, signals, delivery } = parts;
  return eventHandler({
    payload: TypingPayload,
    async handle(_socket, { userId }, { conversationId, isTyping }): Promise<DoneReply> {
      await access.requireNow(conversationId, userId);
      if (delivery.showsTyping(conversationId)) signals.send({ kind: 'typing', conversationId, userId, isTyping });
      return { ok: true };
    },
  });
}
