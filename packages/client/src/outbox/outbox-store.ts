import type { ClientMessageId, ConversationId, UserId } from '@parley/protocol';
import { bytesOf, type OutboxMessage } from './outbox-message.ts';
import type { OutboxStorage } from './storage/outbox-storage.ts';

/**
 * Holds the messages of one user's outbox in memory, in the order they were written, and writes each change through to the storage,
 * one call after the other.
 */
export class OutboxStore {
  readonly #userId: UserId;
  readonly #storage: OutboxStorage;
  #messages = new Map<ClientMessageId, OutboxMessage>();
  #bytes = 0;
  #lastCreatedAtMs = 0;
  #lastTask: Promise<unknown> = Promise.resolve();
  /** The last pending write of each message. */
  readonly #lastWrites = new Map<ClientMessageId, Promise<void>>();

  constructor(userId: UserId, storage: OutboxStorage) {
    this.#userId = userId;
    this.#storage = storage;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Size of all texts in UTF-8. */
  get bytes(): number {
    return this.#bytes;
  }

  get(clientMessageId: ClientMessageId): OutboxMessage | undefined {
    return this.#messages.get(clientMessageId);
  }

  all(): readonly OutboxMessage[] {
    return [...this.#messages.values()];
  }

  messagesIn(conversationId: ConversationId): OutboxMessage[] {
    return this.all().filter((message) => message.conversationId === conversationId);
  }

  /** Returns the creation time of a new message. It is later than all others, even if the clock was set back. */
  nextCreatedAt(): string {
    this.#lastCreatedAtMs = Math.max(Date.now(), this.#lastCreatedAtMs + 1);
    return new Date(this.#lastCreatedAtMs).toISOString();
  }

  /** Adds or replaces a message in memory at once. Resolves when the storage has saved it. */
  put(message: OutboxMessage): Promise<void> {
    if (!this.#messages.has(message.clientMessageId)) this.#bytes += bytesOf(message.text);
    this.#messages.set(message.clientMessageId, message);
    return this.#write(message, () => this.#storage.put(this.#userId, message));
  }

  delete(message: OutboxMessage): Promise<void> {
    this.#remove(message);
    return this.#write(message, () => this.#storage.delete(this.#userId, message.clientMessageId));
  }

  /**
   * Loads the messages that an earlier page or another tab has saved. A message that this outbox has not tried yet takes the
   * state that another tab gave it, or is removed if another tab completed it.
   *
   * @returns the messages that were added, changed or removed
   */
  load(): Promise<readonly OutboxMessage[]> {
    return this.#inTurn(async () => {
      const loaded = await this.#storage.load(this.#userId);
      const stored = new Map(loaded.map((message) => [message.clientMessageId, message]));
      for (const id of this.#lastWrites.keys()) stored.delete(id);
      const untried = this.all().filter(({ clientMessageId: id, state, afterSeq }) => {
        return state === 'sending' && afterSeq === undefined && !this.#lastWrites.has(id);
      });
      const completedInOtherTab = untried.filter(({ clientMessageId }) => !stored.has(clientMessageId));
      for (const message of completedInOtherTab) this.#remove(message);
      const triedInOtherTab = untried.flatMap(({ clientMessageId }) => stored.get(clientMessageId) ?? []);
      for (const message of triedInOtherTab) this.#messages.set(message.clientMessageId, message);
      const others = [...stored.values()]
        .filter(({ clientMessageId }) => !this.#messages.has(clientMessageId))
        .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
      for (const { createdAt, text } of others) {
        this.#lastCreatedAtMs = Math.max(this.#lastCreatedAtMs, Date.parse(createdAt));
        this.#bytes += bytesOf(text);
      }
      this.#messages = new Map([...others, ...this.all()].map((message) => [message.clientMessageId, message]));
      return [...completedInOtherTab, ...triedInOtherTab, ...others];
    });
  }

  #remove({ clientMessageId, text }: OutboxMessage): void {
    if (this.#messages.delete(clientMessageId)) this.#bytes -= bytesOf(text);
  }

  #write({ clientMessageId }: OutboxMessage, run: () => Promise<void>): Promise<void> {
    const write = this.#inTurn(run).finally(() => {
      if (this.#lastWrites.get(clientMessageId) === write) this.#lastWrites.delete(clientMessageId);
    });
    this.#lastWrites.set(clientMessageId, write);
    return write;
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#lastTask.then(task);
    this.#lastTask = run.catch(() => undefined);
    return run;
  }
}
