import type { ConversationId } from '@parley/protocol';

/** The part of the store that the log uses; `MessageStore` has it. */
export interface StoredHistory {
  /** Returns the newest stored seq of each conversation, 0 = none. */
  headSeqs(conversationIds: readonly ConversationId[]): Promise<number[]>;
  /** Saves a placeholder at each position that has no message. A message that is saved first keeps its position. */
  fillGaps(ranges: readonly { conversationId: ConversationId; fromSeq: number; toSeq: number }[]): Promise<unknown>;
}
