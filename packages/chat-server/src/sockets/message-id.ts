import { randomBytes } from 'node:crypto';
import type { MessageId } from '@parley/protocol';

const ALPHABET = '0123456789abcdefghijklmnopqrstuv';

/**
 * A new message id: the time in base 36, then 50 random bits. Ids of one time lie side by side, so an index over them
 * grows at its end.
 */
export function newMessageId(): MessageId {
  let id = Date.now().toString(36);
  for (const byte of randomBytes(10)) id += ALPHABET[byte & 31];
  return id as MessageId;
}
