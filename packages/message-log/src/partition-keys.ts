import type { ClientMessageId, ConversationId, UserId } from '@parley/protocol';

/** The consumer group that all workers of a partition share. */
export const WORKERS = 'workers';

/**
 * The keys of one partition of the log. All of them carry the hash tag `{pN}`, so that a partition lives on one node of a
 * Redis Cluster and a script may touch any of them in one atomic step.
 */
export interface PartitionKeys {
  /** STREAM of the entries in process: what is accepted and neither completed nor dead. */
  readonly log: string;
  /** STREAM of the entries that could not be processed, verbatim, each with its reason. */
  readonly dead: string;
  /** STRING that names the stretch of time in which Redis is certain to have lost nothing. */
  readonly epoch: string;
  /** STRING that names the Redis process that the epoch holds for. */
  readonly runId: string;
  /**
   * HASH `head`, `stored`, `membersVersion`, `lastMs` (time of the newest message), `epoch` (in which it was seeded), `floor` (only
   * while unseeded).
   */
  conversation(id: ConversationId): string;
  /** STREAM of the newest messages; the entry of a seq has the id `<seq>-0`, so that a page is one range. */
  recent(id: ConversationId): string;
  /** SET of the seqs above the stored mark that were stored out of order. */
  done(id: ConversationId): string;
  /** ZSET of the ids of messages that were deleted lately, by the seqs of their deletions. */
  deletions(id: ConversationId): string;
  /** STRING `conversationId id seq createdAtMs` that a sender's clientMessageId was accepted as; expires. */
  sent(senderId: UserId, clientMessageId: ClientMessageId): string;
}

export function partitionKeys(keyPrefix: string, partition: number): PartitionKeys {
  if (/[{}]/.test(keyPrefix)) throw new Error(`the key prefix ${JSON.stringify(keyPrefix)} must not contain braces`);
  const prefix = `${keyPrefix}:{p${partition}}`;
  return {
    log: `${prefix}:log`,
    dead: `${prefix}:dead`,
    epoch: `${prefix}:epoch`,
    runId: `${prefix}:run-id`,
    conversation: (id) => `${prefix}:conversation:${id}`,
    recent: (id) => `${prefix}:recent:${id}`,
    done: (id) => `${prefix}:done:${id}`,
    deletions: (id) => `${prefix}:deletions:${id}`,
    sent: (senderId, clientMessageId) => `${prefix}:sent:${senderId}:${clientMessageId}`,
  };
}

/**
 * The partition that a conversation belongs to: 32-bit FNV-1a of its id. It decides where data lies, so it and the number
 * of partitions must not change while messages are in process.
 */
export function partitionOf(conversationId: ConversationId, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < conversationId.length; i++) {
    hash = Math.imul(hash ^ conversationId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % partitions;
}
