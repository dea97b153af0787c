import type { ConversationId, UserId } from '@parley/protocol';

/** How far one user has got in one conversation. */
export interface MarkerRecord {
  readonly userId: UserId;
  readonly conversationId: ConversationId;
  /** The newest message that the user has read; 0 = none. */
  readonly readSeq: number;
  /** When `readSeq` last moved, Unix milliseconds; 0 = never. */
  readonly readAtMs: number;
  /** The newest message that was delivered to the user; 0 = unknown. */
  readonly deliveredSeq: number;
}

/** Read markers and receipts. Each number only grows: of all saved values the largest one stays, whatever the order of calls. */
export interface MarkerStore {
  /** Saves any number of markers with one bulk write. A batch is not atomic: the caller repeats the whole batch after a failure. */
  saveBatch(markers: readonly MarkerRecord[]): Promise<void>;
  /** Returns the markers of a user in all conversations, in any order. */
  listForUser(userId: UserId): Promise<MarkerRecord[]>;
  /** Returns the markers of all present and former members, in any order. Not for channels, which may have too many. */
  listForConversation(conversationId: ConversationId): Promise<MarkerRecord[]>;
}
