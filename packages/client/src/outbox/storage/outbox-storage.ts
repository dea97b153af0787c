import type { ClientMessageId, UserId } from '@parley/protocol';
import type { OutboxMessage } from '../outbox-message.ts';

/**
 * Storage back end of an outbox. Messages are stored per user and never returned to another user. One outbox makes one call
 * at a time; several outboxes may share a storage, for example those of two tabs. A rejected call has changed nothing.
 */
export interface OutboxStorage {
  /** Returns all messages of this user, in any order. */
  load(userId: UserId): Promise<readonly OutboxMessage[]>;
  /** Saves a message and replaces the one with the same `clientMessageId`. Resolves when it is saved. */
  put(userId: UserId, message: OutboxMessage): Promise<void>;
  /** Deletes a message. Does nothing if there is no such message. */
  delete(userId: UserId, clientMessageId: ClientMessageId): Promise<void>;
}
