import type { ConversationId, MessageId, MessageRecord } from '@parley/protocol';

/** Where a message has been, for its passport. Times are Unix milliseconds. */
export interface MessageTrace {
  /** The chat server that accepted it. */
  readonly acceptedBy: string;
  /** The worker that published and saved it. */
  readonly savedBy: string;
  readonly publishedAtMs: number;
  /** When the bulk write that saved it began. */
  readonly savedAtMs: number;
}

/** A message with its trace, which is kept beside it and shown only when the message is asked for by its id. */
export type TracedMessage = MessageRecord & { readonly trace?: MessageTrace | undefined };

/** A message that the store will never take, and why. */
export interface Rejection {
  readonly id: MessageId;
  readonly reason: string;
}

export interface SaveOutcome {
  /** All other messages of the batch are durably saved. */
  readonly rejected: Rejection[];
}

export interface MessageSearch {
  /** Words, or beginnings of words, in any script: a hit has all of them (`search-tokens.ts`). */
  readonly text: string;
  /** Only messages of these. */
  readonly conversationIds: readonly ConversationId[];
  /** Only messages older than this one; nothing when there is no such message. */
  readonly before?: MessageId | undefined;
  readonly limit: number;
}

/**
 * The history. Messages are written once and never changed, but for what a deletion takes away: once it is saved, the message
 * that it deletes is given out without text and media, and so are the edits of it without text, in whichever order they
 * are saved.
 *
 * Guarantees: `saveBatch` resolves when all but the rejected ones would outlive a crash of the store (majority write concern,
 * synchronous commit). Saving a message again changes nothing and is no error. `(conversationId, seq)` and `id` are
 * unique: another message with a seq or id that is taken is rejected.
 */
export interface MessageStore {
  /** Saves any number of messages with one bulk write. */
  saveBatch(messages: readonly TracedMessage[]): Promise<SaveOutcome>;

  /** The messages with `fromSeq ≤ seq ≤ toSeq`, in order: one range of one index. The caller bounds its length. */
  readRange(conversationId: ConversationId, fromSeq: number, toSeq: number): Promise<MessageRecord[]>;

  /** The conversation's largest stored seq; 0 where there is none. */
  headSeq(conversationId: ConversationId): Promise<number>;

  findById(id: MessageId): Promise<TracedMessage | undefined>;

  /**
   * The saved messages that match, newest first (by `createdAtMs`, then `id`), with their newest text. Edits, deletions, reactions
   * and system lines are no hits; what was deleted is none either. Whether a change may be made was decided by whoever
   * accepted it. While very much is being saved, the newest may be missing for a moment.
   */
  search(query: MessageSearch): Promise<MessageRecord[]>;
}
