import type { ConversationId, MessageId, MessageRecord, Seq } from '@parley/protocol';

/** What a sender says; the log adds `seq` and the time. */
export type MessageDraft = Omit<MessageRecord, 'conversationId' | 'seq' | 'createdAtMs'>;

export interface AcceptRequest {
  conversationId: ConversationId;
  draft: MessageDraft;
  /** The chat server that accepts, for the ledger. */
  node: string;
  /** Version of the member list by which the sender was let through; '' = none noted. */
  membersVersion: string;
}

export type AcceptOutcome =
  | { kind: 'accepted'; seq: Seq; createdAtMs: number }
  /** The sender's `clientMessageId` was accepted before, as this message. */
  | { kind: 'duplicate'; id: MessageId; seq: Seq; createdAtMs: number }
  /** The sender used this `clientMessageId` in another conversation. */
  | { kind: 'conflict' }
  /** As many messages are in process as may be. */
  | { kind: 'busy'; retryAfterMs: number }
  /** The members changed: read them again, decide again, call again with this version. */
  | { kind: 'stale-members'; membersVersion: string }
  /** What the message answers or changes is deleted; a deletion itself may be repeated. */
  | { kind: 'target-deleted' }
  /** Redis is not certain of the conversation's newest seq: read it from the store, call `seed`, call again. */
  | { kind: 'unseeded' };

/** A conversation's numbers. */
export interface ConversationState {
  /** The newest accepted seq; 0 = none. */
  readonly headSeq: number;
  /** Everything up to here is in the store. */
  readonly storedSeq: number;
  /** Changes with each change of the member list; '' = none noted since Redis began. */
  readonly membersVersion: string;
  /** Changes when Redis may have lost messages that were accepted and not stored. */
  readonly epoch: string;
}

/**
 * Which messages: below `beforeSeq` the newest, or above `afterSeq` the oldest, or with neither the newest of all. With both,
 * the oldest of those between them.
 */
export interface RecentQuery {
  beforeSeq?: number | undefined;
  afterSeq?: number | undefined;
  /** At least 1. */
  limit: number;
}

export type RecentPage =
  | { kind: 'unseeded' }
  | {
      kind: 'page';
      state: ConversationState;
      /** The page's first and last seq, bounds included; `toSeq < fromSeq` = the page is empty. */
      fromSeq: number;
      toSeq: number;
      /** The page's newest part, without a gap up to `toSeq`; what is missing before it is in the store. */
      messages: MessageRecord[];
      /** What was deleted after the page, by at least all deletions that are not stored yet. */
      deletedLater: MessageId[];
    };

/** Who holds one of the places in process. */
export interface LedgerRow {
  /** The message's id; an entry that can't be read as a message has that of the entry, and '' for what it lacks. */
  readonly id: string;
  readonly conversationId: string;
  readonly seq: number;
  /** The chat server that accepted it. */
  readonly node: string;
  /** Unix milliseconds. */
  readonly acceptedAtMs: number;
}

/**
 * The log of accepted messages, shared by all servers: the one source of order.
 *
 * Guarantees: each `accept` is one atomic step. A conversation's `seq` counts 1, 2, 3 … without a gap or repeat. At most
 * `maxInProcess` messages are accepted and not yet completed. Nothing answers or changes a message after its deletion: what is
 * not stored yet is known here, the store knows the rest, which the caller asks first. An accepted message stays in the log until it is completed
 * or moved to the dead letters, whoever dies. The recent window holds at least every message that is not stored yet. A call
 * that rejects may or may not have happened; repeating it with the same `clientMessageId` is safe.
 */
export interface MessageLog {
  accept(request: AcceptRequest): Promise<AcceptOutcome>;

  /** Tells Redis a conversation's newest stored seq, 0 = none. Without effect where Redis knows one already. */
  seed(conversationId: ConversationId, headSeq: number): Promise<void>;

  /** The part of a page that is in the recent window, and all that is needed to read the rest from the store. */
  readRecent(conversationId: ConversationId, query: RecentQuery): Promise<RecentPage>;

  /** The numbers of many conversations in one round trip, in the order asked for; undefined = unseeded. */
  states(conversationIds: readonly ConversationId[]): Promise<(ConversationState | undefined)[]>;

  /**
   * Notes that the member list changed, so that what any server remembers of it is stale from now on. Called after the store
   * has the change; works for an unseeded conversation too.
   */
  membersChanged(conversationId: ConversationId): Promise<void>;

  /** How many messages are accepted and not yet completed. */
  inProcess(): Promise<number>;

  /** Who holds the places in process: up to `limit` of the oldest, oldest first. */
  ledger(limit: number): Promise<LedgerRow[]>;
}
