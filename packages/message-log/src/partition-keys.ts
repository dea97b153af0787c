import type { ClientMessageId, ConversationId, UserId } from '@parley/protocol';

/** Matches the part after the hash tag of the keys that belong to one conversation. */
export const CONVERSATION_KEY = /^(conversation|recent|done|deletions):/;

/** The consumer group that all workers of a partition share. */
export const WORKERS = 'workers';

/**
 * The keys of one partition of the log. All carry the hash tag `{pN}`: a partition lives on one node of a Redis Cluster, and a
 * script can touch any of its keys atomically.
 */
export interface PartitionKeys {
  /** Every key of the partition begins with it. */
  readonly prefix: string;
  /** STREAM of the messages in process: appended, and neither completed nor dead-lettered. */
  readonly log: string;
  /** STREAM of the entries that could not be processed, each with all its fields and a reason. */
  readonly dead: string;
  /** STRING, the number of partitions to which this one belongs; `closed` and the larger number while it changes. */
  readonly partitions: string;
  /** STRING, the time of Redis when a worker last looked for entries to reclaim, ms. */
  readonly reclaimedAt: string;
  /** STRING, the epoch: a random id for a period in which Redis has lost no data. */
  readonly epoch: string;
  /** STRING `runId startedAtMs`: the Redis process in which the epoch began, and when. */
  readonly runId: string;
  /** HASH, the state of the dedupe of a partition; scripts/dedupe.lua describes it. */
  readonly dedupe: string;
  /** STRINGs, three Bloom filters of the uses of a clientMessageId by a sender. */
  readonly filters: readonly [string, string, string];
  /** HASH, the places in process that each sender and each conversation holds; scripts/places.lua describes it. */
  readonly places: string;
  /**
   * HASH `head`, `stored`, `membersVersion`, `lastMs` (time of the newest message), `epoch` (in which the head was initialised),
   * `initialised` (number of that initialisation, only if the store had messages), `ticket` (of an initialisation),
   * `expires` (only while all messages are stored: then the keys of the conversation expire).
   */
  conversation(id: ConversationId): string;
  /** STREAM, the recent window: the entry of a seq has the id `<seq>-0`, so a page is one range. */
  recent(id: ConversationId): string;
  /** SET of the seqs above the committed offset that were stored out of order. */
  storedOutOfOrder(id: ConversationId): string;
  /** ZSET of the ids of recently deleted messages; the score is the seq of the deletion. */
  deletions(id: ConversationId): string;
  /** HASH `removal id → startedAtMs userId` of the removals of members that are in progress or were interrupted; expires. */
  removals(id: ConversationId): string;
  /**
   * STRING `conversationId id seq createdAtMs digest`: the message that a sender's clientMessageId was appended as; expires.
   * Entries of earlier releases have no digest.
   */
  sent(senderId: UserId, clientMessageId: ClientMessageId): string;
  /**
   * HASH `fence` (of the sender's latest session), `fullAt` (when its token bucket will be full, ms; only with a rate limit), and whether the sender's messages are in the filters (scripts/dedupe.lua describes
   * that). Expires.
   */
  sender(senderId: UserId): string;
}

export function partitionKeys(keyPrefix: string, partition: number): PartitionKeys {
  if (/[{}]/.test(keyPrefix)) throw new Error(`the key prefix ${JSON.stringify(keyPrefix)} must not contain braces`);
  const prefix = `${keyPrefix}:{p${partition}}:`;
  return {
    prefix,
    log: `${prefix}log`,
    dead: `${prefix}dead`,
    partitions: `${prefix}partitions`,
    reclaimedAt: `${prefix}reclaimed-at`,
    epoch: `${prefix}epoch`,
    runId: `${prefix}run-id`,
    dedupe: `${prefix}dedupe`,
    filters: [`${prefix}filter:0`, `${prefix}filter:1`, `${prefix}filter:2`],
    places: `${prefix}places`,
    conversation: (id) => `${prefix}conversation:${id}`,
    recent: (id) => `${prefix}recent:${id}`,
    storedOutOfOrder: (id) => `${prefix}done:${id}`,
    deletions: (id) => `${prefix}deletions:${id}`,
    removals: (id) => `${prefix}removals:${id}`,
    sent: (senderId, clientMessageId) => `${prefix}sent:${senderId}:${clientMessageId}`,
    sender: (senderId) => `${prefix}sender:${senderId}`,
  };
}

/**
 * Returns a conversation's partition: the 32-bit FNV-1a hash of its id, modulo the number of partitions. Neither may change
 * while messages are in process, because both decide where data lies.
 */
export function partitionOf(conversationId: ConversationId, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < conversationId.length; i++) {
    hash = Math.imul(hash ^ conversationId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % partitions;
}
