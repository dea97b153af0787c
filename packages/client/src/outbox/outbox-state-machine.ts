import type { ClientMessageId, ConversationId, ErrorBody, Message, UserId } from '@parley/protocol';
import type { OutboxMessage } from './outbox-message.ts';
import { OutboxStore } from './outbox-store.ts';
import type { OutboxStorage } from './storage/outbox-storage.ts';

/** An accepted message that the history still has after this time is stored, though nobody said so while we listened. */
const SURELY_STORED_AFTER_MS = 24 * 60 * 60_000;

/** A cluster that begins a new epoch may have lost this many of a conversation's messages, and gives their seqs anew. */
const MAX_LOST = 500;

/**
 * What is known of each message of an outbox: not sent, accepted, stored, and then it is forgotten, or refused. The fate of a
 * message is unknown
 *
 *  - when it comes from the storage: it may have been sent before the page went;
 *  - after an attempt without an answer;
 *  - when it is accepted, but was not reported stored, and the connection or the conversation's epoch is a new one, or
 *    another message shows up at its seq;
 *  - when the ack is of an earlier epoch than the one that is known by then, or there is none, and only a live message shows
 *    that it was accepted: those come by the old socket of a hand-over, too, after the new one has told of another epoch.
 */
export class OutboxStateMachine {
  readonly #userId: UserId;
  readonly #onChange: (conversationId: ConversationId) => void;
  readonly #store: OutboxStore;
  readonly #uncertain = new Set<ClientMessageId>();
  /** Of each conversation's present epoch. */
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

  /** Of all texts, in UTF-8. */
  get bytes(): number {
    return this.#store.bytes;
  }

  get conversationIds(): ReadonlySet<ConversationId> {
    return conversationsOf(this.#store.all());
  }

  get(clientMessageId: ClientMessageId): OutboxMessage | undefined {
    return this.#store.get(clientMessageId);
  }

  /** In the order of writing. */
  messagesIn(conversationId: ConversationId): OutboxMessage[] {
    return this.#store.messagesIn(conversationId);
  }

  /** The time of a message that is written now: later than that of any other, whatever the clock does. */
  nextCreatedAt(): string {
    return this.#store.nextCreatedAt();
  }

  /** Takes in what the storage has. Where that can not be read, it stays for the next time. */
  async load(): Promise<void> {
    const loaded = await this.#store.load().catch(() => []);
    for (const { clientMessageId, state } of loaded) {
      if (state !== 'failed' && this.#store.get(clientMessageId)) this.#uncertain.add(clientMessageId);
    }
    for (const id of conversationsOf(loaded)) this.#onChange(id);
  }

  /** Rejects when the storage can not keep it; here it is at once. */
  save(message: OutboxMessage): Promise<void> {
    const written = this.#store.put(message);
    this.#onChange(message.conversationId);
    return written;
  }

  /** What the storage can not take of a message that it has is found out again when it is needed. */
  trySave(message: OutboxMessage): Promise<void> {
    return this.save(message).catch(() => undefined);
  }

  remove(message: OutboxMessage): void {
    this.#uncertain.delete(message.clientMessageId);
    // What the storage can not forget is looked for next time, and forgotten then.
    this.#store.delete(message).catch(() => undefined);
    this.#onChange(message.conversationId);
  }

  /** Whether something is to be done: to send it, or to look for it. */
  needsWork({ clientMessageId, state }: OutboxMessage): boolean {
    return state === 'sending' || (state === 'accepted' && this.#uncertain.has(clientMessageId));
  }

  /** Whether it is to be looked for before it is sent, or where its conversation ends now. */
  isUncertain({ clientMessageId, afterSeq }: OutboxMessage): boolean {
    return this.#uncertain.has(clientMessageId) || afterSeq === undefined;
  }

  markUncertain({ clientMessageId }: OutboxMessage): void {
    this.#uncertain.add(clientMessageId);
  }

  markAcceptedUncertain(): void {
    for (const message of this.#store.all()) if (message.state === 'accepted') this.markUncertain(message);
  }

  /** It is in the conversation's present epoch, at this seq. */
  markAccepted(message: OutboxMessage, seq: number): void {
    this.#uncertain.delete(message.clientMessageId);
    this.#removeIfStored(this.#acceptAt(message, seq));
  }

  markFailed(message: OutboxMessage, error: ErrorBody): void {
    void this.trySave({ ...without(message, 'failed'), error });
  }

  /** Live messages have come: one's own are shown as accepted, even if the ack was lost, and looked for in the history. */
  observeMessages(conversationId: ConversationId, messages: readonly Message[]): void {
    const own = this.messagesIn(conversationId);
    if (own.length === 0) return;
    const bySeq = new Map(messages.map((message) => [message.seq as number, message]));
    for (const message of own) {
      const atItsSeq = bySeq.get(message.seq ?? 0);
      if (atItsSeq && atItsSeq.clientMessageId !== message.clientMessageId) this.markUncertain(message);
    }
    for (const { own, seq } of this.#ownMessages(messages)) {
      if (own.seq === seq) continue;
      this.markUncertain(own);
      this.#acceptAt(own, seq);
    }
  }

  /** A page of the history has these. */
  foundInHistory(messages: readonly Message[]): void {
    for (const { own, seq } of this.#ownMessages(messages)) {
      const isOld = Date.now() - Date.parse(own.createdAt) > SURELY_STORED_AFTER_MS;
      if (isOld) this.remove(own);
      else this.markAccepted(own, seq);
    }
  }

  /** The history up to `headSeq` does not have it: it is to be sent. Resolves when that is in the storage. */
  async notInHistory(message: OutboxMessage, headSeq: number): Promise<void> {
    this.#uncertain.delete(message.clientMessageId);
    const { afterSeq = headSeq } = message;
    await this.trySave({ ...without(message, 'sending'), afterSeq });
  }

  observeStored(conversationId: ConversationId, seq: number): void {
    this.#storedSeqs.set(conversationId, Math.max(seq, this.#storedSeqs.get(conversationId) ?? 0));
    for (const message of this.messagesIn(conversationId)) this.#removeIfStored(message);
  }

  /** How many epochs of the conversation were seen to begin. */
  epochCount(conversationId: ConversationId): number {
    return this.#epochs.get(conversationId) ?? 0;
  }

  epochChanged(conversationId: ConversationId): void {
    this.#epochs.set(conversationId, this.epochCount(conversationId) + 1);
    this.#storedSeqs.delete(conversationId);
    for (const message of this.messagesIn(conversationId)) {
      this.markUncertain(message);
      if (message.afterSeq) void this.trySave({ ...message, afterSeq: Math.max(0, message.afterSeq - MAX_LOST) });
    }
  }

  #ownMessages(messages: readonly Message[]): { own: OutboxMessage; seq: number }[] {
    return messages.flatMap(({ senderId, clientMessageId, seq }) => {
      const own = senderId === this.#userId ? this.#store.get(clientMessageId) : undefined;
      return own ? [{ own, seq }] : [];
    });
  }

  #acceptAt(message: OutboxMessage, seq: number): OutboxMessage {
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
