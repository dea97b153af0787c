import type { ClientMessageId, ConversationId, ErrorBody, Message, UserId } from '@parley/protocol';
import type { OutboxMessage } from './outbox-message.ts';
import { OutboxStore } from './outbox-store.ts';
import type { OutboxStorage } from './storage/outbox-storage.ts';

/** A message that is in the history and older than this is stored, even if the report was missed. */
const STORED_AFTER_MS = 24 * 60 * 60_000;

/** A new epoch may have lost up to this many messages of a conversation, whose seqs are then assigned again. */
const MAX_LOST = 500;

/**
 * The state of each message in an outbox.
 *
 *     sending ──ack──▶ accepted ──stored──▶ removed
 *        │ ▲
 *        ▼ │ retry
 *      failed ──discard──▶ removed
 *
 * ## sending
 * The message is not known to be accepted. It is due for the next attempt.
 *
 * ## accepted
 * The message is in the log with a seq. It is removed when the cluster reports that seq as stored in the same epoch. A new epoch
 * leads back to `sending`: the message may be lost, and its seq may belong to another message.
 *
 * ## failed
 * The server rejected the message with a permanent error, or the storage could not save it. The user may retry or discard it.
 *
 * ## Uncertain
 * A message in `sending` or `accepted` is uncertain if its outcome is not known. It must be looked up in the history before it
 * is sent again, because the cluster does not remember every `clientMessageId` forever. A message becomes uncertain
 *
 *  - when it is loaded from the storage, because an earlier page may have sent it;
 *  - after an attempt without an answer;
 *  - when it is accepted but not stored, and the connection is a new one, or another message appears at its seq;
 *  - when the epoch changes;
 *  - when only a live message shows that it was accepted. During a handover, the old socket may still deliver messages of an
 *    earlier epoch. For the same reason an ack counts only if the epoch did not change during the attempt.
 */
export class OutboxStateMachine {
  readonly #userId: UserId;
  readonly #onChange: (conversationId: ConversationId) => void;
  readonly #store: OutboxStore;
  readonly #uncertain = new Set<ClientMessageId>();
  /** The stored seq of each conversation in its current epoch. */
  readonly #storedSeqs = new Map<ConversationId, number>();
  readonly #epochs = new Map<ConversationId, number>();

  constructor(options: {
    userId: UserId;
    storage: OutboxStorage;
    onChange: (conversationId: ConversationId) => void;
  }) {
    this.#userId = options.userId;
    this.#onChange = options.onChange;
    this.#store = new OutboxStore(options.userId, options.storage);
  }

  get size(): number {
    return this.#store.size;
  }

  /** Size of all texts in UTF-8. */
  get bytes(): number {
    return this.#store.bytes;
  }

  get conversationIds(): ReadonlySet<ConversationId> {
    return conversationsOf(this.#store.all());
  }

  get(clientMessageId: ClientMessageId): OutboxMessage | undefined {
    return this.#store.get(clientMessageId);
  }

  /** Returns the messages to this conversation, in the order they were written. */
  messagesIn(conversationId: ConversationId): OutboxMessage[] {
    return this.#store.messagesIn(conversationId);
  }

  /** Returns the creation time of a new message. It is later than all others, even if the clock was set back. */
  nextCreatedAt(): string {
    return this.#store.nextCreatedAt();
  }

  /** Loads the messages from the storage. If that fails, they are loaded on the next call. */
  async load(): Promise<void> {
    const loaded = await this.#store.load().catch(() => []);
    for (const { clientMessageId, state } of loaded) {
      if (!this.#store.get(clientMessageId)) this.#uncertain.delete(clientMessageId);
      else if (state !== 'failed') this.#uncertain.add(clientMessageId);
    }
    for (const id of conversationsOf(loaded)) this.#onChange(id);
  }

  /** Adds or replaces a message. Resolves when it is saved, rejects if the storage cannot save it. */
  save(message: OutboxMessage): Promise<void> {
    const written = this.#store.put(message);
    this.#onChange(message.conversationId);
    return written;
  }

  /** Replaces a message. A failed write is ignored, because the state is determined again on the next use. */
  trySave(message: OutboxMessage): Promise<void> {
    return this.save(message).catch(() => undefined);
  }

  remove(message: OutboxMessage): void {
    this.#uncertain.delete(message.clientMessageId);
    // A message that could not be deleted is loaded again, found in the history, and then deleted.
    this.#store.delete(message).catch(() => undefined);
    this.#onChange(message.conversationId);
  }

  /** Whether the message must be sent or looked up. */
  needsWork({ clientMessageId, state }: OutboxMessage): boolean {
    return state === 'sending' || (state === 'accepted' && this.#uncertain.has(clientMessageId));
  }

  /** Whether the message must be looked up before it is sent. Without `afterSeq` the lookup also determines the head. */
  isUncertain({ clientMessageId, afterSeq }: OutboxMessage): boolean {
    return this.#uncertain.has(clientMessageId) || afterSeq === undefined;
  }

  markUncertain({ clientMessageId }: OutboxMessage): void {
    this.#uncertain.add(clientMessageId);
  }

  markAcceptedUncertain(): void {
    for (const message of this.#store.all()) if (message.state === 'accepted') this.markUncertain(message);
  }

  /** Records that the message is in the current epoch of the conversation, at this seq. */
  markAccepted(message: OutboxMessage, seq: number): void {
    this.#uncertain.delete(message.clientMessageId);
    this.#removeIfStored(this.#setAccepted(message, seq));
  }

  markFailed(message: OutboxMessage, error: ErrorBody): void {
    void this.trySave({ ...without(message, 'failed'), error });
  }

  /** Handles live messages. The user's own messages become accepted, even if the ack was lost, but stay uncertain. */
  observeMessages(conversationId: ConversationId, messages: readonly Message[]): void {
    const outgoing = this.messagesIn(conversationId);
    if (outgoing.length === 0) return;
    const bySeq = new Map(messages.map((message) => [message.seq as number, message]));
    for (const message of outgoing) {
      const atItsSeq = bySeq.get(message.seq ?? 0);
      if (atItsSeq && atItsSeq.clientMessageId !== message.clientMessageId) this.markUncertain(message);
    }
    for (const { own, seq } of this.#matchOwn(messages)) {
      if (own.seq === seq) continue;
      this.markUncertain(own);
      this.#setAccepted(own, seq);
    }
  }

  /** Handles a page of the history. The user's own messages in it are accepted, and stored if they are old. */
  foundInHistory(messages: readonly Message[]): void {
    for (const { own, seq } of this.#matchOwn(messages)) {
      const isOld = Date.now() - Date.parse(own.createdAt) > STORED_AFTER_MS;
      if (isOld) this.remove(own);
      else this.markAccepted(own, seq);
    }
  }

  /** Records that the history up to `headSeq` does not contain the message. Resolves when that is saved. */
  async notInHistory(message: OutboxMessage, headSeq: number): Promise<void> {
    this.#uncertain.delete(message.clientMessageId);
    const { afterSeq = headSeq } = message;
    await this.trySave({ ...without(message, 'sending'), afterSeq });
  }

  observeStored(conversationId: ConversationId, seq: number): void {
    this.#storedSeqs.set(conversationId, Math.max(seq, this.#storedSeqs.get(conversationId) ?? 0));
    for (const message of this.messagesIn(conversationId)) this.#removeIfStored(message);
  }

  /** Returns how many epoch changes of the conversation were observed. */
  epochCount(conversationId: ConversationId): number {
    return this.#epochs.get(conversationId) ?? 0;
  }

  epochChanged(conversationId: ConversationId): void {
    this.#epochs.set(conversationId, this.epochCount(conversationId) + 1);
    this.#storedSeqs.delete(conversationId);
    for (const message of this.messagesIn(conversationId)) {
      const { state, seq } = message;
      const knownSeq = state === 'accepted' && seq !== undefined ? seq - 1 : undefined;
      const afterSeq =
        message.afterSeq === undefined ? knownSeq : Math.min(message.afterSeq, knownSeq ?? message.afterSeq);
      this.markUncertain(message);
      if (afterSeq === undefined) continue;
      const inNewEpoch = state === 'accepted' ? without(message, 'sending') : message;
      void this.trySave({ ...inNewEpoch, afterSeq: Math.max(0, afterSeq - MAX_LOST) });
    }
  }

  /** Forgets a conversation, unless it has outgoing messages. */
  forget(conversationId: ConversationId): void {
    if (this.messagesIn(conversationId).length > 0) return;
    this.#storedSeqs.delete(conversationId);
    this.#epochs.delete(conversationId);
  }

  #matchOwn(messages: readonly Message[]): { own: OutboxMessage; seq: number }[] {
    return messages.flatMap(({ senderId, clientMessageId, seq }) => {
      const own = senderId === this.#userId ? this.#store.get(clientMessageId) : undefined;
      return own ? [{ own, seq }] : [];
    });
  }

  #setAccepted(message: OutboxMessage, seq: number): OutboxMessage {
    const accepted: OutboxMessage = { ...without(message, 'accepted'), seq };
    if (message.state !== 'accepted' || message.seq !== seq) void this.trySave(accepted);
    return accepted;
  }

  #removeIfStored(message: OutboxMessage): void {
    const { conversationId, clientMessageId, state, seq } = message;
    if (state !== 'accepted' || seq === undefined || this.#uncertain.has(clientMessageId)) return;
    if (seq <= (this.#storedSeqs.get(conversationId) ?? 0)) this.remove(message);
  }
}

export function without({ seq: _seq, error: _error, ...rest }: OutboxMessage, state: OutboxMessage['state']) {
  return { ...rest, state };
}

const conversationsOf = (messages: readonly OutboxMessage[]) =>
  new Set(messages.map(({ conversationId }) => conversationId));
