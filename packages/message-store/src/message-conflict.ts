import type { MessageRecord } from '@parley/protocol';

/** Where a stored message is. */
export type StoredPlace = Pick<MessageRecord, 'id' | 'conversationId' | 'seq'>;

export type ConflictVerdict =
  /** It is the same message, saved before. */
  | { kind: 'saved-before' }
  | { kind: 'taken'; reason: string }
  /** Nothing is in its way (any more). */
  | { kind: 'none' };

/**
 * What a message ran into that could not be inserted.
 *
 * @param sameId the stored message with its id
 * @param samePlace the stored message with its conversation and seq
 */
export function judgeConflict(
  message: StoredPlace,
  sameId: StoredPlace | undefined,
  samePlace: StoredPlace | undefined,
): ConflictVerdict {
  if (sameId) {
    if (sameId.conversationId === message.conversationId && sameId.seq === message.seq) return { kind: 'saved-before' };
    return { kind: 'taken', reason: `its id is taken by seq ${sameId.seq} of ${sameId.conversationId}` };
  }
  if (samePlace) {
    return { kind: 'taken', reason: `seq ${message.seq} of ${message.conversationId} is taken by ${samePlace.id}` };
  }
  return { kind: 'none' };
}
