import { hash } from 'node:crypto';
import type { ClientMessageId, UserId } from '@parley/protocol';

/** Returns two hashes of a use of a clientMessageId. Modulo the bits of a filter, they are its positions in the filter. */
export function filterHashes(senderId: UserId, clientMessageId: ClientMessageId): [number, number] {
  const digest = hash('sha1', `${senderId} ${clientMessageId}`, 'buffer');
  const first = digest.readUInt32LE(0);
  // Filters of earlier releases have this position, too.
  return [first, first + ((digest.readUInt32LE(4) | 1) >>> 0)];
}
