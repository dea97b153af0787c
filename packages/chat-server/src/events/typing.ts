import { type DoneReply, TypingPayload } from '@parley/protocol';
import type { Membership } from '../conversations/membership.ts';
import type { SignalBus } from '../delivery/signal-bus.ts';
import type { SignalDelivery } from '../delivery/signal-delivery.ts';
import { eventHandler } from './dispatcher.ts';

/** `typing`: told to the others while it holds. */
export function typingHandler(parts: { membership: Membership; signals: SignalBus; delivery: SignalDelivery }) {
  const { membership, signals, delivery } = parts;
  return eventHandler({
    payload: TypingPayload,
    async handle(_socket, { userId }, { conversationId, isTyping }): Promise<DoneReply> {
      await membership.requireMemberFresh(conversationId, userId);
      if (delivery.showsTyping(conversationId)) signals.send({ kind: 'typing', conversationId, userId, isTyping });
      return { ok: true };
    },
  });
}
