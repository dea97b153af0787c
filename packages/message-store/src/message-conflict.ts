import type { Rejection, StoredPosition } from './message-store.ts';

export type ConflictVerdict =
  /** The same message was saved before. */
  | { kind: 'saved-before' }
  | { kind: 'rejected'; rejection: Rejection }
  /** No conflicting message exists (any more). */
  | { kind: 'none' };

/**
 * Returns why a message could not be inserted.
 *
 * @param sameId the stored message with the same id
 * @param samePosition the stored message with the same conversation and seq
 */
export function judgeConflict(
  message: StoredPosition,
  sameId: StoredPosition | undefined,
  samePosition: StoredPosition | undefined,
): ConflictVerdict {
  if (sameId) {
    if (sameId.conversationId === message.conversationId && sameId.seq === message.seq) return { kind: 'saved-before' };
    const reason = `its id is taken by seq ${sameId.seq} of ${sameId.conversationId}`;
    return { kind: 'rejected', rejection: { id: message.id, reason } };
  }
  if (samePosition) {
    const reason = `seq ${message.seq} of ${message.conversationId} is taken by ${samePosition.id}`;
    return { kind: 'rejected', rejection: { id: message.id, reason, takenBy: samePosition.id } };
  }
  return { kind: 'none' };
}
