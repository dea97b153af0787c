import type { ClientMessageId, UserId } from '@parley/protocol';
import type { OutboxMessage } from '../outbox-message.ts';
import type { OutboxStorage } from './outbox-storage.ts';

/** Stores outbox messages in memory, for the lifetime of the process. */
export class MemoryOutboxStorage implements OutboxStorage {
  readonly #messages = new Map<UserId, Map<ClientMessageId, OutboxMessage>>();

  async load(userId: UserId): Promise<readonly OutboxMessage[]> {
    return [...this.#of(userId).values()];
  }

  async put(userId: UserId, message: OutboxMessage): Promise<void> {
    this.#of(userId).set(message.clientMessageId, message);
  }

  async delete(userId: UserId, clientMessageId: ClientMessageId): Promise<void> {
    this.#of(userId).delete(clientMessageId);
  }

  #of(userId: UserId): Map<ClientMessageId, OutboxMessage> {
    const messages = this.#messages.get(userId) ?? new Map<ClientMessageId, OutboxMessage>();
    this.#messages.set(userId, messages);
    return messages;
  }
}
