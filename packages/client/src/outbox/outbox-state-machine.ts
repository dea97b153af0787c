import type { ClientMessageId, ConversationId, ErrorBody, Message, UserId } from '@parley/protocol';
import { KeptMessages } from './outbox-store.ts';
import type { OutboxMessage } from './outbox-message.ts';
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
export class MessageFates {
  readonly #userId: UserId;
  readonly #onChange: (conversationId: ConversationId) => void;
  readonly #kept: KeptMessages;
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
    this.#kept = new KeptMessages(options.userId, options.storage);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Of all texts, in UTF-8. */
  get bytes(): number {
    return this.#kept.bytes;
  }

  get conversationIds(): ReadonlySet<ConversationId> {
    return conversationsOf(this.#kept.all());
  }

  get(clientMessageId: ClientMessageId): OutboxMessage | undefined {
    return this.#kept.get(clientMessageId);
  }

  /** In the order of writing. */
  of(conversationId: ConversationId): OutboxMessage[] {
    return this.#kept.of(conversationId);
  }

  /** The time of a message that is written now: later than that of any other, whatever the clock does. */
  nextCreatedAt(): string {
    return this.#kept.nextCreatedAt();
  }

  /** Takes in what the storage has. Where that can not be read, it stays for the next time. */
  async load(): Promise<void> {
    const loaded = await this.#kept.load().catch(() => []);
    for (const { clientMessageId, state } of loaded) {
      if (state !== 'failed' && this.#kept.get(clientMessageId)) this.#uncertain.add(clientMessageId);
    }
    for (const id of conversationsOf(loaded)) this.#onChange(id);
  }

  /** Rejects when the storage can not keep it; here it is at once. */
  keep(message: OutboxMessage): Promise<void> {
    const written = this.#kept.put(message);
    this.#onChange(message.conversationId);
    return written;
  }

  /** What the storage can not take of a message that it has is found out again when it is needed. */
  change(message: OutboxMessage): Promise<void> {
    return this.keep(message).catch(() => undefined);
  }

  remove(message: OutboxMessage): void {
    this.#uncertain.delete(message.clientMessageId);
    // What the storage can not forget is looked for next time, and forgotten then.
    this.#kept.delete(message).catch(() => undefined);
    this.#onChange(message.conversationId);
  }

  /** Whether something is to be done: to send it, or to look for it. */
  isDue({ clientMessageId, state }: OutboxMessage): boolean {
    return state === 'sending' || (state === 'accepted' && this.#uncertain.has(clientMessageId));
  }

  /** Whether it is to be looked for before it is sent, or where its conversation ends now. */
  isUnknown({ clientMessageId, afterSeq }: OutboxMessage): boolean {
    return this.#uncertain.has(clientMessageId) || afterSeq === undefined;
  }

  doubt({ clientMessageId }: OutboxMessage): void {
    this.#uncertain.add(clientMessageId);
  }

  doubtAccepted(): void {
    for (const message of this.#kept.all()) if (message.state === 'accepted') this.doubt(message);
  }

  /** It is in the conversation's present epoch, at this seq. */
  accept(message: OutboxMessage, seq: number): void {
    this.#uncertain.delete(message.clientMessageId);
    this.#removeIfStored(this.#acceptedAt(message, seq));
  }

  fail(message: OutboxMessage, error: ErrorBody): void {
    void this.change({ ...without(message, 'failed'), error });
  }

  /** Live messages have come: one's own are shown as accepted, even if the ack was lost, and looked for in the history. */
  sawMessages(conversationId: ConversationId, messages: readonly Message[]): void {
    const kept = this.of(conversationId);
    if (kept.length === 0) return;
    const bySeq = new Map(messages.map((message) => [message.seq as number, message]));
    for (const message of kept) {
      const atItsSeq = bySeq.get(message.seq ?? 0);
      if (atItsSeq && atItsSeq.clientMessageId !== message.clientMessageId) this.doubt(message);
    }
    for (const { own, seq } of this.#own(messages)) {
      if (own.seq === seq) continue;
      this.doubt(own);
      this.#acceptedAt(own, seq);
    }
  }

  /** A page of the history has these. */
  found(messages: readonly Message[]): void {
    for (const { own, seq } of this.#own(messages)) {
      const isOld = Date.now() - Date.parse(own.createdAt) > SURELY_STORED_AFTER_MS;
      if (isOld) this.remove(own);
      else this.accept(own, seq);
    }
  }

  /** The history up to `headSeq` does not have it: it is to be sent. Resolves when that is in the storage. */
  async notThere(message: OutboxMessage, headSeq: number): Promise<void> {
    this.#uncertain.delete(message.clientMessageId);
    const { afterSeq = headSeq } = message;
    await this.change({ ...without(message, 'sending'), afterSeq });
  }

  sawStored(conversationId: ConversationId, seq: number): void {
    this.#storedSeqs.set(conversationId, Math.max(seq, this.#storedSeqs.get(conversationId) ?? 0));
    for (const message of this.of(conversationId)) this.#removeIfStored(message);
  }

  /** How many epochs of the conversation were seen to begin. */
  epochsOf(conversationId: ConversationId): number {
    return this.#epochs.get(conversationId) ?? 0;
  }

  epochChanged(conversationId: ConversationId): void {
    this.#epochs.set(conversationId, this.epochsOf(conversationId) + 1);
    this.#storedSeqs.delete(conversationId);
    for (const message of this.of(conversationId)) {
      this.doubt(message);
      if (message.afterSeq) void this.change({ ...message, afterSeq: Math.max(0, message.afterSeq - MAX_LOST) });
    }
  }

  #own(messages: readonly Message[]): { own: OutboxMessage; seq: number }[] {
    return messages.flatMap(({ senderId, clientMessageId, seq }) => {
      const own = senderId === this.#userId ? this.#kept.get(clientMessageId) : undefined;
      return own ? [{ own, seq }] : [];
    });
  }

  #acceptedAt(message: OutboxMessage, seq: number): OutboxMessage {
    const accepted: OutboxMessage = { ...without(message, 'accepted'), seq };
    if (message.state !== 'accepted' || message.seq !== seq) void this.change(accepted);
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
