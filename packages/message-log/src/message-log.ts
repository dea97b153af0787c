import type { ConversationId, MessageId, MessageRecord, Seq, UserId } from '@parley/protocol';

/** A message as its sender wrote it. The log adds `seq` and the time. */
export type MessageDraft = Omit<MessageRecord, 'conversationId' | 'seq' | 'createdAtMs'>;

export interface AppendRequest {
  conversationId: ConversationId;
  draft: MessageDraft;
  /** The chat server that appends, for the ledger. */
  node: string;
  /** The version of the member list under which the sender's membership was checked; '' = there is no list, or it was not checked. */
  membersVersion: string;
  /** Orders the sessions of the sender: a later one has a higher number. 0 or undefined = it is not known, and not checked. */
  fence?: number;
  /** The message that this one replies to or changes was not found: only a repeat of an accepted message has another outcome. */
  isTargetMissing?: boolean;
}

/** A token bucket for each sender and partition. A refused message costs no token, and system messages need none. */
export interface SendRate {
  /** 0 = no limit. */
  readonly perSecond: number;
  /** Messages that a sender may send at once after a pause; 0 = no limit. */
  readonly burst: number;
}

export type AppendOutcome =
  | { kind: 'appended'; seq: Seq; createdAtMs: number }
  /** The sender's `clientMessageId` was appended before, as this message: the same event with the same content. */
  | { kind: 'duplicate'; id: MessageId; seq: Seq; createdAtMs: number }
  /** The sender used this `clientMessageId` in another conversation, for another event or with other content. */
  | { kind: 'conflict' }
  /** A later session of the sender has appended, or tried to. */
  | { kind: 'superseded' }
  /** The sender has sent faster than its rate. There is a token after this time. */
  | { kind: 'rate-limited'; retryAfterMs: number }
  /** The number of messages in process has reached its limit, or Redis is near its memory limit. */
  | { kind: 'busy'; retryAfterMs: number }
  /** The sender or the conversation holds its share of the places in process, and few are free. */
  | { kind: 'over-share'; retryAfterMs: number }
  /** The member list changed. Check the sender's membership again, then append again with this version. */
  | { kind: 'stale-members'; membersVersion: string }
  /** The message that this one replies to or changes is deleted or was not found. A deletion may be repeated. */
  | { kind: 'target-missing' };

export interface ConversationState {
  /** The seq of the newest appended message; 0 = none. */
  readonly headSeq: number;
  /** The committed offset: every message up to this seq is in the store. */
  readonly storedSeq: number;
  /**
   * Changes with each removal from the member list, and with each initialisation of the head; '' = there is no member list. While a
   * removal is in progress ({@link hasRemovalInProgress}), a membership that was read from the store must not be cached.
   */
  readonly membersVersion: string;
  /** Changes when Redis may have lost messages that were appended and not stored. */
  readonly epoch: string;
}

/** Whether the member list of this version may change at any moment without another version. */
export const hasRemovalInProgress = (membersVersion: string): boolean => membersVersion.startsWith('~');

/**
 * Selects a page: the newest messages below `beforeSeq`, the oldest above `afterSeq`, or the newest of all when neither is
 * given. With both, the oldest of the messages between them.
 */
export interface RecentQuery {
  beforeSeq?: number | undefined;
  afterSeq?: number | undefined;
  /** At least 1. */
  limit: number;
}

export interface RecentPage {
  state: ConversationState;
  /** The page's first and last seq, inclusive; `toSeq < fromSeq` = the page is empty. */
  fromSeq: number;
  toSeq: number;
  /** The messages of the page that the window has, by seq. The store has the others. */
  messages: MessageRecord[];
  /** Ids of messages deleted after the page. It includes at least every deletion that is not stored yet. */
  deletedLater: MessageId[];
}

/** The holders of the places in process. System messages belong to nobody. */
export type PlaceHolders = Readonly<
  Record<'sender' | 'conversation', { readonly count: number; readonly largest: number }>
>;

/** One message in process. */
export interface LedgerRow {
  /** The message's id. An entry that cannot be parsed has the entry's id here, and '' or 0 in place of missing fields. */
  readonly id: string;
  readonly conversationId: string;
  readonly seq: number;
  /** The chat server that appended it. */
  readonly node: string;
  /** Unix milliseconds. */
  readonly appendedAtMs: number;
}

/**
 * The log of appended messages, shared by all chat servers. It alone decides the order of messages.
 *
 * Guarantees:
 * - `append` is atomic. Within one epoch, `seq` counts 1, 2, 3 … in each conversation, without a gap or a repeat.
 * - At most `maxInProcess` messages are appended and not yet completed. Neither one sender nor one conversation can use all of
 *   them: docs/decisions/0025-fair-shares.md has the rule. System messages are exempt from the shares.
 * - A message that replies to or changes a deleted message is not appended. The log knows the deletions that are not stored yet;
 *   the caller checks the store for the others first.
 * - An appended message stays in the log until it is completed or moved to the dead letters, no matter which process dies.
 * - The recent window holds at least every message that is not stored yet.
 * - A call that rejects may have taken effect. Repeating it with the same `clientMessageId` is safe.
 *
 * The log initialises a conversation's head from the store when Redis does not know it in the current epoch, or when the
 * conversation left Redis because it was idle. `append`, `readRecent` and `states` then read the store once and continue. They reject with {@link HeadUnknown} when the head is
 * still unknown after a few attempts, and with the store's error when the store is unavailable.
 */
export interface MessageLog {
  append(request: AppendRequest): Promise<AppendOutcome>;

  /**
   * Returns the part of a page that is in the recent window, and the bounds of the part to read from the store.
   *
   * @param beforeInitialising awaited before a head is initialised, which reads the store and adds a key; when it rejects, so does
   *   the call. For ids from a client whose membership is not checked yet.
   */
  readRecent(
    conversationId: ConversationId,
    query: RecentQuery,
    beforeInitialising?: () => Promise<unknown>,
  ): Promise<RecentPage>;

  /**
   * Returns the state of each conversation, in the order of the ids. One round trip while all heads are known, and otherwise one
   * read of the store for every 200 that are not.
   */
  states(conversationIds: readonly ConversationId[]): Promise<ConversationState[]>;

  /**
   * Returns the states in one round trip and never reads the store: undefined where the head is unknown. For callers that
   * poll, and for ids from a client whose membership is not checked yet.
   */
  knownStates(conversationIds: readonly ConversationId[]): Promise<(ConversationState | undefined)[]>;

  /**
   * Records that a user is about to be removed, before the store has the change, and makes every server's cached membership
   * stale. No membership is cached until `membersChanged` ends the removal. A server that dies in between therefore leaves no
   * valid cache entry behind, and its record shows that the removal must be completed. The initialisation of an unknown head takes
   * the record into account.
   *
   * @returns the id of the removal
   */
  beginRemoval(conversationId: ConversationId, userId: UserId): Promise<string>;

  /** Returns the ids of the user's removals that have begun and not ended: in progress on some server, or interrupted. */
  unfinishedRemovals(conversationId: ConversationId, userId: UserId): Promise<string[]>;

  /**
   * Records that the member list changed, which makes every server's cached membership stale, and ends removals. Call it after
   * the store has the change. Removals that began more than a minute ago end, too: their servers died. While the head is unknown no
   * version needs to be recorded, because its initialisation has the same effect.
   */
  membersChanged(conversationId: ConversationId, endedRemovals?: readonly string[]): Promise<void>;

  /** Returns the number of messages that are appended and not yet completed. */
  countInProcess(): Promise<number>;

  /** Returns how many senders and conversations hold places in process, and how many the largest of each holds. */
  holders(): Promise<PlaceHolders>;

  /**
   * Verifies that the number of partitions has not changed, and records it again if Redis has lost it.
   *
   * @returns in how many partitions no worker was active recently: their messages are not delivered
   * @throws PartitionsChanged
   */
  checkPartitions(): Promise<{ withoutWorker: number }>;

  /** Returns up to `limit` of the messages in process, oldest first. */
  ledger(limit: number): Promise<LedgerRow[]>;
}

/** Reports to the log whether Redis has memory for new messages. */
export interface MemoryGauge {
  readonly isNearLimit: boolean;
  /** Called when Redis refused an append because its memory is full. */
  commandRefused(): void;
}

/** The number of partitions in Redis is another one than that of this process, which must start again. Nothing was appended. */
export class PartitionsChanged extends Error {
  constructor(partitions: number) {
    super(`the message log has no longer ${partitions} partitions`);
    this.name = 'PartitionsChanged';
  }
}

/** The head of a conversation stayed unknown although it was initialised: Redis lost its data repeatedly. Retry soon. */
export class HeadUnknown extends Error {
  constructor(conversationId: ConversationId) {
    super(`Redis does not know the head of conversation ${conversationId}`);
    this.name = 'HeadUnknown';
  }
}
