import type { MessageLog } from '@parley/message-log';
import {
  AwayPayload,
  type ConversationId,
  DeliveredPayload,
  type DoneReply,
  ReadPayload,
  TypingPayload,
  type UserId,
} from '@parley/protocol';
import { recordActivity } from '../admission/session-activity.ts';
import type { Membership } from '../conversations/membership.ts';
import type { ReadMarkers } from '../conversations/read-markers.ts';
import type { Receipts } from '../conversations/receipts.ts';
import type { SignalBus } from '../delivery/signal-bus.ts';
import type { SignalDelivery } from '../delivery/signal-delivery.ts';
import type { Presence } from '../presence/presence.ts';
import { eventHandler } from './dispatcher.ts';
import { TypingRepeats } from './typing-repeats.ts';

/** `typing`, `away`, `read` and `delivered`: signals that are sent to other users at most once. */
export function signalEvents(parts: {
  log: MessageLog;
  membership: Membership;
  readMarkers: ReadMarkers;
  receipts: Receipts;
  signals: SignalBus;
  signalDelivery: SignalDelivery;
  presence: Presence;
}) {
  const { log, membership, readMarkers, receipts, signals, signalDelivery, presence } = parts;
  const repeats = new TypingRepeats();

  /** Returns the heads of the user's conversations. Takes one round trip while their members do not change. */
  async function headSeqsOf(userId: UserId, ids: readonly ConversationId[]): Promise<number[]> {
    await membership.prefetch(ids, userId);
    await Promise.all(ids.map((id) => membership.cachedMembership(id, userId)));
    const states = await log.states(ids);
    await Promise.all(ids.map((id, index) => membership.requireMember(id, userId, states[index]?.membersVersion)));
    return states.map(({ headSeq }) => headSeq);
  }

  return {
    typing: eventHandler({
      payload: TypingPayload,
      async handle(_socket, session, payload): Promise<DoneReply> {
        if (repeats.isRepeat(session, payload, performance.now())) return { ok: true };
        const { userId } = session;
        const { conversationId, isTyping } = payload;
        await membership.requireMemberFresh(conversationId, userId);
        repeats.note(session, payload, performance.now());
        recordActivity(session);
        if (signalDelivery.showsTyping(conversationId)) {
          signals.send({ kind: 'typing', conversationId, userId, isTyping });
        }
        return { ok: true };
      },
    }),

    away: eventHandler({
      payload: AwayPayload,
      async handle(_socket, { userId }, { isAway }): Promise<DoneReply> {
        await presence.setAway(userId, isAway);
        return { ok: true };
      },
    }),

    read: eventHandler({
      payload: ReadPayload,
      async handle(_socket, session, { conversationId, seq }): Promise<DoneReply> {
        const { userId } = session;
        const [headSeq = 0] = await headSeqsOf(userId, [conversationId]);
        const readSeq = Math.min(seq, headSeq);
        const [{ hasMoved }] = await Promise.all([
          readMarkers.move(userId, conversationId, readSeq),
          receipts.move(conversationId, userId, { readSeq }),
        ]);
        if (hasMoved) recordActivity(session);
        return { ok: true };
      },
    }),

    delivered: eventHandler({
      payload: DeliveredPayload,
      async handle(_socket, { userId }, { cursors }): Promise<DoneReply> {
        const headSeqs = await headSeqsOf(
          userId,
          cursors.map(({ conversationId }) => conversationId),
        );
        await Promise.all(
          cursors.map(({ conversationId, seq }, index) =>
            receipts.move(conversationId, userId, { deliveredSeq: Math.min(seq, headSeqs[index] ?? 0) }),
          ),
        );
        return { ok: true };
      },
    }),
  };
}
