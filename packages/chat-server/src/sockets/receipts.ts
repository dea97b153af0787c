import type { MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { DeliveredPayload, type DoneReply, ReadPayload } from '@parley/protocol';
import type { ConversationAccess } from '../conversations/access.ts';
import { readStates } from '../conversations/heads.ts';
import type { ReadMarkers } from '../conversations/read-markers.ts';
import type { Receipts } from '../conversations/receipts.ts';
import { eventHandler } from './on-event.ts';

/** `read` and `delivered`: what a client has, which never goes beyond the newest message. */
export function receiptHandlers(parts: {
  log: MessageLog;
  messages: MessageStore;
  access: ConversationAccess;
  readMarkers: ReadMarkers;
  receipts: Receipts;
}) {
  const { access, readMarkers, receipts } = parts;
  return {
    read: eventHandler({
      payload: ReadPayload,
      async handle(_socket, { userId }, { conversationId, seq }): Promise<DoneReply> {
        await access.require(conversationId, userId);
        const [state] = await readStates(parts, [conversationId]);
        const readSeq = Math.min(seq, state?.headSeq ?? 0);
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
        const ids = cursors.map(({ conversationId }) => conversationId);
        await Promise.all(ids.map((id) => access.require(id, userId)));
        const states = await readStates(parts, ids);
        await Promise.all(
          cursors.map(({ conversationId, seq }, index) =>
            receipts.move(conversationId, userId, { deliveredSeq: Math.min(seq, states[index]?.headSeq ?? 0) }),
          ),
        );
        return { ok: true };
      },
    }),
  };
}
