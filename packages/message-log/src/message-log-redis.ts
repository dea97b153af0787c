import { randomUUID } from 'node:crypto';
import type { ConversationId, MessageId } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import type { ChainableCommander } from 'ioredis';
import { AppendBatcher } from './append-batcher.ts';
import { EpochKeeper } from './epoch-keeper.ts';
import { HeadInitialiser } from './head-initialiser.ts';
import { fieldsOf, firstPartOf, type StreamFields, toLogBatch } from './log-entry.ts';
import type {
  AppendOutcome,
  AppendRequest,
  ConversationState,
  LedgerRow,
  MessageLog,
  RecentPage,
  RecentQuery,
} from './message-log.ts';
import { type PartitionKeys, partitionKeys, partitionOf } from './partition-keys.ts';
import { lastSeqOf, type RecentEntry, recentPage } from './recent-page.ts';

export interface RedisMessageLogOptions {
  /** Limit of messages appended and not yet completed, over all partitions. Each partition has a fixed share of it. */
  maxInProcess: number;
  /** Reads a conversation's newest seq from the store, 0 = none. Called when Redis does not know the head. */
  readStoredHead: (conversationId: ConversationId) => Promise<number>;
  /** Number of partitions: 1 for a single Redis, more to spread the load over a Cluster. Equal in all processes. Default 1. */
  partitions?: number;
  /** How long a repeated clientMessageId is recognised, ms. Costs about 150 bytes of memory for each message. Default 24 h. */
  dedupeTtlMs?: number;
  /** How long an append may wait for others to share a call, ms; read at each append. Default 0: one call for each. */
  collectMs?: () => number;
  /** Default 'parley'. */
  keyPrefix?: string;
}

/**
 * Creates the log on Redis Streams. The caller owns the connection.
 *
 * The entries of the stream *are* the messages in process: `append` adds them, completing or dead-lettering deletes them, and
 * nothing trims the stream. Its length is therefore the exact number of messages in process at every moment, atomic with the
 * append, and there is no separate counter or lease that could leak. The limit of 500 is one comparison.
 *
 * A conversation belongs to one partition, chosen by its id, with all keys that its scripts touch. With several partitions a
 * repeated `clientMessageId` is recognised within its partition: a resent message always is, the use of the same id in another
 * conversation only when both share a partition.
 */
export function createRedisMessageLog(redis: RedisConnection, options: RedisMessageLogOptions): MessageLog {
  return new RedisMessageLog(redis, options);
}

interface Partition {
  readonly keys: PartitionKeys;
  readonly appends: AppendBatcher;
  readonly heads: HeadInitialiser;
}

class RedisMessageLog implements MessageLog {
  readonly #redis: RedisConnection;
  readonly #partitions: readonly Partition[];
  readonly #epochs: EpochKeeper;

  constructor(redis: RedisConnection, options: RedisMessageLogOptions) {
    const { maxInProcess, readStoredHead, partitions = 1, keyPrefix = 'parley' } = options;
    const { dedupeTtlMs = 24 * 60 * 60 * 1_000, collectMs = () => 0 } = options;
    if (partitions < 1 || partitions > maxInProcess) {
      throw new Error(`${partitions} partitions cannot share ${maxInProcess} messages in process`);
    }
    this.#redis = redis;
    const allKeys = Array.from({ length: partitions }, (_, index) => partitionKeys(keyPrefix, index));
    this.#epochs = new EpochKeeper(redis, allKeys);
    const ready = () => this.#epochs.ensure();
    const shareUpTo = (index: number) => Math.floor((index * maxInProcess) / partitions);
    this.#partitions = allKeys.map((keys, index) => ({
      keys,
      appends: new AppendBatcher({
        redis,
        keys,
        maxInProcess: shareUpTo(index + 1) - shareUpTo(index),
        dedupeTtlMs,
        collectMs,
        ready,
      }),
      heads: new HeadInitialiser({ redis, keys, readStoredHead, ready }),
    }));
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    const { appends, heads } = this.#partitionOf(request.conversationId);
    return heads.withHead(request.conversationId, () => appends.append(request));
  }

  readRecent(
    conversationId: ConversationId,
    query: RecentQuery,
    beforeInitialising?: () => Promise<unknown>,
  ): Promise<RecentPage> {
    const { heads } = this.#partitionOf(conversationId);
    return heads.withHead(conversationId, () => this.#readRecent(conversationId, query), beforeInitialising);
  }

  async states(conversationIds: readonly ConversationId[]): Promise<ConversationState[]> {
    const known = await this.knownStates(conversationIds);
    return Promise.all(conversationIds.map((id, index) => known[index] ?? this.#initialisedState(id)));
  }

  async knownStates(conversationIds: readonly ConversationId[]): Promise<(ConversationState | undefined)[]> {
    await this.#epochs.ensure();
    const epochs = new Map<Partition, Promise<string | null>>();
    return Promise.all(
      conversationIds.map(async (id) => {
        const partition = this.#partitionOf(id);
        const epoch = epochs.get(partition) ?? this.#redis.get(partition.keys.epoch);
        epochs.set(partition, epoch);
        const fields = this.#redis.hmget(partition.keys.conversation(id), ...STATE_FIELDS);
        return toState(...(await Promise.all([fields, epoch])));
      }),
    );
  }

  async membersChanged(conversationId: ConversationId): Promise<void> {
    const key = this.#partitionOf(conversationId).keys.conversation(conversationId);
    await this.#redis.hset(key, 'membersVersion', randomUUID());
  }

  async countInProcess(): Promise<number> {
    const lengths = await Promise.all(this.#partitions.map(({ keys }) => this.#redis.xlen(keys.log)));
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  async ledger(limit: number): Promise<LedgerRow[]> {
    const oldest = await Promise.all(
      this.#partitions.map(({ keys }) => this.#redis.xrange(keys.log, '-', '+', 'COUNT', limit)),
    );
    return oldest
      .flat()
      .map(([entryId, fields]) => toLedgerRow(entryId, fields))
      .sort((a, b) => a.appendedAtMs - b.appendedAtMs)
      .slice(0, limit);
  }

  /** A transaction, not a script: it also reads one instant, and a script takes four times as long to convert a window to Lua. */
  async #readRecent(conversationId: ConversationId, query: RecentQuery): Promise<RecentPage | undefined> {
    await this.#epochs.ensure();
    const { keys } = this.#partitionOf(conversationId);
    const recent = keys.recent(conversationId);
    const { afterSeq, limit } = query;
    const lastSeq = Math.max(0, lastSeqOf(query));
    const transaction = this.#redis
      .multi()
      .get(keys.epoch)
      .hmget(keys.conversation(conversationId), ...STATE_FIELDS)
      .zrange(keys.deletions(conversationId), lastSeq + 1, '+inf', 'BYSCORE');
    if (afterSeq === undefined) transaction.xrevrange(recent, lastSeq, '-', 'COUNT', limit);
    else transaction.xrange(recent, afterSeq + 1, lastSeq);
    const [epoch, fields, deletedLater, window] = (await repliesOf(transaction)) as [
      string | null,
      StateFields,
      MessageId[],
      RecentEntry[],
    ];
    const state = toState(fields, epoch);
    return state && recentPage(conversationId, state, query, window, deletedLater);
  }

  #initialisedState(conversationId: ConversationId): Promise<ConversationState> {
    const { heads } = this.#partitionOf(conversationId);
    return heads.withHead(conversationId, async () => (await this.knownStates([conversationId]))[0]);
  }

  #partitionOf(conversationId: ConversationId): Partition {
    return this.#partitions[partitionOf(conversationId, this.#partitions.length)] as Partition;
  }
}

/** Runs the transaction. @throws the error of its first failed command */
async function repliesOf(transaction: ChainableCommander): Promise<unknown[]> {
  const replies = (await transaction.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

const STATE_FIELDS = ['head', 'stored', 'membersVersion', 'epoch'] as const;
type StateFields = (string | null)[];

/** Returns undefined when the head is unknown: Redis has none, or one of an earlier epoch. */
function toState(
  [head, stored, membersVersion, epoch]: StateFields,
  currentEpoch: string | null,
): ConversationState | undefined {
  if (!head || !epoch || epoch !== currentEpoch) return undefined;
  return { headSeq: Number(head), storedSeq: Number(stored), membersVersion: membersVersion ?? '', epoch };
}

function toLedgerRow(entryId: string, flat: StreamFields): LedgerRow {
  const fields = fieldsOf(flat);
  return {
    id: toLogBatch([[entryId, 0, flat]]).entries[0]?.message.id ?? entryId,
    conversationId: fields.get('conversation') ?? '',
    seq: Number(fields.get('seq') ?? 0),
    node: fields.get('node') ?? '',
    appendedAtMs: firstPartOf(entryId),
  };
}
