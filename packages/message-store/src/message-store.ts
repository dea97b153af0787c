import type { ClientMessageId, ConversationId, MessageId, MessageRecord, UserId } from '@parley/protocol';

/** The steps of a message up to its storage. Times are Unix milliseconds. */
export interface TraceRecord {
  /** The chat server that appended it to the log. */
  readonly acceptedBy: string;
  /** The worker that published and saved it. */
  readonly savedBy: string;
  readonly publishedAtMs: number;
  /** When the bulk write that saved it began. */
  readonly savedAtMs: number;
  /** The epoch of the log in which it was appended. Messages of earlier releases have none. */
  readonly epoch?: string | undefined;
}

/** A message with its trace. Only `findById` returns the trace. */
export type TracedMessage = MessageRecord & { readonly trace?: TraceRecord | undefined };

/** The identity of a stored message. */
export type StoredPosition = Pick<MessageRecord, 'id' | 'conversationId' | 'seq'>;

/** A message that the store does not accept, with the reason. */
export interface Rejection {
  readonly id: MessageId;
  readonly reason: string;
  /** The stored message that has its seq, if that is the reason. */
  readonly takenBy?: MessageId | undefined;
}

export interface SaveOutcome {
  /** All other messages of the batch are stored. */
  readonly rejected: Rejection[];
}

/** Positions of one conversation, both bounds included. */
export interface SeqRange {
  readonly conversationId: ConversationId;
  readonly fromSeq: number;
  readonly toSeq: number;
}

export interface MessageSearch {
  /** Words or starts of words in any script. A hit matches all of them (`search-tokens.ts`). */
  readonly text: string;
  /** Limits the search to these conversations. */
  readonly conversationIds: readonly ConversationId[];
  /** Limits the search to older messages. An unknown id matches nothing. */
  readonly before?: MessageId | undefined;
  readonly limit: number;
}

/**
 * The history of all conversations. Messages are immutable with two exceptions: a deletion removes the text and media of its target
 * and the text of the target's edits, regardless of the order of saving; and `withdraw` deletes a message.
 *
 * Guarantees:
 * - Durability: `saveBatch` resolves when all messages except the rejected ones survive a crash of the store.
 * - Idempotence: saving a message again changes nothing and is not an error. Several workers may save the same batch at once.
 * - Uniqueness: `id` and `(conversationId, seq)` are unique. A different message with a used id or seq is rejected.
 * - A batch is not atomic: after `StoreUnavailable` any part of it may be stored. The caller repeats the whole batch.
 */
export interface MessageStore {
  /** Saves any number of messages with one bulk write, in any order. */
  saveBatch(messages: readonly TracedMessage[]): Promise<SaveOutcome>;

  /** Returns the messages with `fromSeq ≤ seq ≤ toSeq` by seq. One range of one index; the caller bounds its length. */
  readRange(conversationId: ConversationId, fromSeq: number, toSeq: number): Promise<MessageRecord[]>;

  /** Returns the largest stored seq of the conversation, 0 without messages. */
  headSeq(conversationId: ConversationId): Promise<number>;

  /** Returns `headSeq` of each conversation, in the order of the ids. */
  headSeqs(conversationIds: readonly ConversationId[]): Promise<number[]>;

  /**
   * Saves a placeholder (`placeholders.ts`) at each position of the ranges that has no message, at most {@link MAX_PLACEHOLDERS} in
   * one call. A concurrent save may take the position first.
   *
   * @returns the number of gaps that it found
   */
  fillGaps(ranges: readonly SeqRange[]): Promise<number>;

  /**
   * Deletes a message that must not be in the history: its epoch ended before it was reported as stored, and its seq was
   * given to another message. Does nothing unless this id is stored at this position. An edit loses its effect. The effect of a
   * deletion stays, because the text is gone.
   */
  withdraw(message: StoredPosition): Promise<void>;

  findById(id: MessageId): Promise<TracedMessage | undefined>;

  /**
   * Returns what a user sent under a `clientMessageId` since a time (`createdAtMs`), oldest first, at most 10. There can be several:
   * the store does not require the id to be unique, because the log is what accepts it once. One lookup in an index.
   */
  findSent(senderId: UserId, clientMessageId: ClientMessageId, sinceMs: number): Promise<MessageRecord[]>;

  /** Returns the `clientMessageId`s that a user has used since a time, newest first, at most `limit`. One range of an index. */
  sentSince(senderId: UserId, sinceMs: number, limit: number): Promise<ClientMessageId[]>;

  /** Returns whether there is no message at all. */
  isEmpty(): Promise<boolean>;

  /**
   * Returns matching messages, newest first (by `createdAtMs`, then `id`), with their newest text. Edits, deletions, reactions,
   * system messages and deleted messages are never hits. The store does not check permissions. Under a high write load, the newest
   * messages may be missing for a moment.
   */
  search(query: MessageSearch): Promise<MessageRecord[]>;
}
