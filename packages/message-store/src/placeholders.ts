import { randomUUID } from 'node:crypto';
import type { ClientMessageId, MessageId, MessageRecord, Seq } from '@parley/protocol';
import { SYSTEM_ID } from '@parley/protocol/constants';
import type { SeqRange } from './message-store.ts';

/** Bounds the memory and the write of one call that fills gaps. The rest is filled when a page with it is read. */
export const MAX_PLACEHOLDERS = 10_000;

/** The seq and time of a stored message. */
export interface StoredTime {
  readonly seq: number;
  readonly createdAtMs: number;
}

/**
 * Returns a placeholder for each seq of the range that is not among the stored ones. It keeps a page gap-free where Redis lost a
 * message that was appended and not saved. It has the time of the message before it, so times do not decrease.
 *
 * @param stored the stored messages of the range, and those just before and after it if they exist, by seq
 */
export function placeholdersFor(
  { conversationId, fromSeq, toSeq }: SeqRange,
  stored: Iterable<StoredTime>,
  limit = MAX_PLACEHOLDERS,
): MessageRecord[] {
  const placeholders: MessageRecord[] = [];
  let next = fromSeq;
  let lastMs: number | undefined;
  const fillUpTo = (seq: number, createdAtMs: number) => {
    for (; next < seq && placeholders.length < limit; next += 1) {
      const id = randomUUID();
      placeholders.push({
        id: id as MessageId,
        conversationId,
        seq: next as Seq,
        senderId: SYSTEM_ID,
        clientMessageId: `placeholder-${id}` as ClientMessageId,
        kind: 'system',
        createdAtMs,
      });
    }
  };
  for (const { seq, createdAtMs } of stored) {
    fillUpTo(Math.min(seq, toSeq + 1), lastMs ?? createdAtMs);
    next = Math.max(next, seq + 1);
    lastMs = createdAtMs;
  }
  fillUpTo(toSeq + 1, lastMs ?? Date.now());
  return placeholders;
}
