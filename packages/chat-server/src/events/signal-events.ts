import type { MessageLog } from '@parley/message-log';
import { type ConversationId, DeliveredPayload, type DoneReply, ReadPayload, type UserId } from '@parley/protocol';
import type { Membership } from '../conversations/membership.ts';
import type { ReadMarkers } from '../conversations/read-markers.ts';
import type { Receipts } from '../conversations/receipts.ts';
import { eventHandler } from './dispatcher.ts';

/** `read` and `delivered`: what a client has, which never goes beyond the newest message. */
export function receiptHandlers(parts: {
  log: MessageLog;
  membership: Membership;
  readMarkers: ReadMarkers;
  receipts: Receipts;
}) {
  const { log, membership, readMarkers, receipts } = parts;

  /** Of conversations that the user is in; one round trip while their members do not change. */
  async function headSeqsOf(userId: UserId, ids: readonly ConversationId[]): Promise<number[]> {
    await Promise.all(ids.map((id) => membership.cachedMembership(id, userId)));
    const states = await log.states(ids);
    await Promise.all(ids.map((id, index) => membership.requireMember(id, userId, states[index]?.membersVersion)));
    return states.map(({ headSeq }) => headSeq);
  }

  return {
    read: eventHandler({
      payload: ReadPayload,
      async handle(_socket, { userId }, { conversationId, seq }): Promise<DoneReply> {
        const [headSeq = 0] = await headSeqsOf(userId, [conversationId]);
        const readSeq = Math.min(seq, headSeq);
        await Promise.all([
          readMarkers.move(userId, conversationId, readSeq),
          receipts.move(conversationId, userId, { readSeq }),
        ]);
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
