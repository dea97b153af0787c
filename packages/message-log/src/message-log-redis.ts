import { randomUUID } from 'node:crypto';
import type { ConversationId, MessageId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { ChainableCommander } from 'ioredis';
import { AcceptBatches } from './append-batcher.ts';
import { EpochKeeper, newEpoch } from './epoch-keeper.ts';
import { fieldsOf, firstPartOf, type StreamFields, toLogBatch } from './log-entry.ts';
import type {
  AcceptOutcome,
  AcceptRequest,
  ConversationState,
  LedgerRow,
  MessageLog,
  RecentPage,
  RecentQuery,
} from './message-log.ts';
import { type PartitionKeys, partitionKeys, partitionOf } from './partition-keys.ts';
import { lastSeqOf, type RecentEntry, recentPage } from './recent-page.ts';

export interface RedisMessageLogOptions {
  /** Messages accepted and not yet completed, in all partitions together. Each partition has its fixed share of them. */
  maxInProcess: number;
  /** 1 is right for one Redis; more spread the load over a Cluster. The same for every process. Default 1. */
  partitions?: number;
  /** How long a repeated clientMessageId is recognised; longer costs memory, ~150 bytes a message. Default 24 h. */
  dedupeTtlMs?: number;
  /** How long accepts may wait for others to share a call with, ms; asked at each. Default 0: a call for each. */
  gatherMs?: () => number;
  /** Default 'parley'. */
  keyPrefix?: string;
}

const SEED = loadScript(new URL('./scripts/initialise-head.lua', import.meta.url), 4);

/**
 * The log on Redis Streams.
 *
 * The entries in the stream *are* the messages in process: `accept` adds them, completing or burying them deletes them,
 * nothing trims. So the length of the stream is the number of places taken: exact at every moment, atomic with the
 * append, and free of leases that could outlive or be outlived by what they stand for. The limit of 500 is a comparison.
 *
 * A conversation lives in one partition, chosen by its id, with every key that its scripts touch. With several partitions
 * a repeated `clientMessageId` is recognised within a partition: the repeat of a message always is, its use in another
 * conversation only where that shares the partition. The caller owns the connection.
 */
export function createRedisMessageLog(redis: RedisConnection, options: RedisMessageLogOptions): MessageLog {
  return new RedisMessageLog(redis, options);
}

interface Partition {
  readonly keys: PartitionKeys;
  readonly accepts: AcceptBatches;
}

class RedisMessageLog implements MessageLog {
  readonly #redis: RedisConnection;
  readonly #partitions: readonly Partition[];
  readonly #epochs: EpochKeeper;

  constructor(redis: RedisConnection, options: RedisMessageLogOptions) {
    const { maxInProcess, partitions = 1, dedupeTtlMs = 24 * 60 * 60 * 1_000, keyPrefix = 'parley' } = options;
    const { gatherMs = () => 0 } = options;
    if (partitions < 1 || partitions > maxInProcess) {
      throw new Error(`${partitions} partitions can't share ${maxInProcess} messages in process`);
    }
    this.#redis = redis;
    const allKeys = Array.from({ length: partitions }, (_, index) => partitionKeys(keyPrefix, index));
    this.#epochs = new EpochKeeper(redis, allKeys);
    const shareUpTo = (index: number) => Math.floor((index * maxInProcess) / partitions);
    this.#partitions = allKeys.map((keys, index) => ({
      keys,
      accepts: new AcceptBatches({
        redis,
        keys,
        maxInProcess: shareUpTo(index + 1) - shareUpTo(index),
        dedupeTtlMs,
        gatherMs,
        ready: () => this.#epochs.ensure(),
      }),
    }));
  }

  accept(request: AcceptRequest): Promise<AcceptOutcome> {
    return this.#partitionOf(request.conversationId).accepts.accept(request);
  }

  async seed(conversationId: ConversationId, headSeq: number): Promise<void> {
    await this.#epochs.ensure();
    const { keys } = this.#partitionOf(conversationId);
    const conversationKeys = [
      keys.conversation(conversationId),
      keys.recent(conversationId),
      keys.done(conversationId),
      keys.epoch,
    ];
    await runScript(this.#redis, SEED, conversationKeys, [headSeq, newEpoch()]);
  }

  /** A transaction, not a script: both see one instant, and turning a window into Lua values costs four times the time. */
  async readRecent(conversationId: ConversationId, query: RecentQuery): Promise<RecentPage> {
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
    return state ? recentPage(conversationId, state, query, window, deletedLater) : { kind: 'unseeded' };
  }

  async states(conversationIds: readonly ConversationId[]): Promise<(ConversationState | undefined)[]> {
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

  async inProcess(): Promise<number> {
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
      .sort((a, b) => a.acceptedAtMs - b.acceptedAtMs)
      .slice(0, limit);
  }

  #partitionOf(conversationId: ConversationId): Partition {
    return this.#partitions[partitionOf(conversationId, this.#partitions.length)] as Partition;
  }
}

/** What the commands of a transaction replied. */
async function repliesOf(transaction: ChainableCommander): Promise<unknown[]> {
  const replies = (await transaction.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

const STATE_FIELDS = ['head', 'stored', 'membersVersion', 'epoch'] as const;
type StateFields = (string | null)[];

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
    acceptedAtMs: firstPartOf(entryId),
  };
}
