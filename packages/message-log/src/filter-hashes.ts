import { hash } from 'node:crypto';
import type { ClientMessageId, UserId } from '@parley/protocol';

/**
 * Returns two independent 32-bit hashes of a use of a clientMessageId. The scripts compute the positions in a filter from them: the
 * i-th is `first + i × second`, modulo the bits of the filter. The second is odd, so the positions differ.
 */
export function filterHashes(senderId: UserId, clientMessageId: ClientMessageId): [number, number] {
  const digest = hash('sha1', `${senderId} ${clientMessageId}`, 'buffer');
  return [digest.readUInt32LE(0), (digest.readUInt32LE(4) | 1) >>> 0];
}
