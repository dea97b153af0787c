import type { ClientMessageId, UserId } from '@parley/protocol';
import type { OutboxMessage } from '../outbox-message.ts';

/**
 * Where an outbox keeps its messages. What belongs to one user is never given to another. An outbox makes one call at a
 * time; several may share a storage, such as those of two tabs. A rejection means that nothing was changed.
 */
export interface OutboxStorage {
  /** All messages of this user, in any order. */
  load(userId: UserId): Promise<readonly OutboxMessage[]>;
  /** Resolves when the message is safe; replaces the one with the same `clientMessageId`. */
  put(userId: UserId, message: OutboxMessage): Promise<void>;
  /** Without effect where there is no such message. */
  delete(userId: UserId, clientMessageId: ClientMessageId): Promise<void>;
}
