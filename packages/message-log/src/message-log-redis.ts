import type { ConversationId, MessageId, UserId } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import { AppendBatcher } from './append-batcher.ts';
import { chunksOf } from './chunks-of.ts';
import { Dedupe, type SentMessages } from './dedupe.ts';
import { HeadInitialiser } from './head-initialiser.ts';
import { fieldsOf, firstPartOf, type StreamFields, toLogBatch } from './log-entry.ts';
import { beginRemoval, changeMembersVersion, unfinishedRemovals } from './member-removals.ts';
import type {
  AppendOutcome,
  AppendRequest,
  ConversationState,
  LedgerRow,
  MemoryGauge,
  MessageLog,
  PlaceHolders,
  RecentPage,
  RecentQuery,
  SendRate,
} from './message-log.ts';
import { PartitionsChanged } from './message-log.ts';
import { type PartitionKeys, partitionKeys, partitionOf } from './partition-keys.ts';
import { readStateInOrder, readStates } from './read-states.ts';
import { lastSeqOf, type RecentEntry, recentPage } from './recent-page.ts';
import type { StoredHistory } from './stored-history.ts';

export interface RedisMessageLogOptions {
  /** Limit of messages appended and not yet completed, over all partitions. Each partition has a fixed share of it. */
  maxInProcess: number;
  /** Default: no limit. */
  rate?: SendRate;
  /** The store; read when Redis does not know a head. */
  stored: StoredHistory;
  /** Number of partitions: 1 for a single Redis, more to spread the load over a Cluster. Equal in all processes. Default 1. */
  partitions?: number;
  /** Asked when Redis does not know for certain whether a sender used a clientMessageId in the last 24 hours. */
  sentMessages: SentMessages;
  /**
   * How long each use of a clientMessageId is kept exactly, ms. For the rest of 24 hours Bloom filters and the store recognise
   * it. Costs 264 bytes of memory for each message. Default 1 h.
   */
  dedupeExactMs?: number;
  /** Size of each of a partition's three filters. Each has the messages of 12 hours. Default 4 MiB. */
  dedupeFilterBytes?: number;
  /** Called each time when the store is asked about a message or a sender. */
  onStoreAsked?: (about: 'message' | 'sender') => void;
  /** Near the memory limit, appends are busy. Default: there is always memory. */
  memory?: MemoryGauge;
  /** How long an append may wait for others to share a call, ms; read at each append. Default 0: one call for each. */
  collectMs?: () => number;
  /** A conversation leaves Redis when all its messages are stored and it was idle for this long, ms. Default 1 h. */
  conversationIdleMs?: number;
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

/** The most heads of a partition that one call initialises at the same time. */
const MAX_INITIALISED = 200;

const UNLIMITED_MEMORY: MemoryGauge = { isNearLimit: false, commandRefused: () => undefined };

const NO_RATE_LIMIT: SendRate = { perSecond: 0, burst: 0 };

interface Partition {
  readonly keys: PartitionKeys;
  readonly dedupe: Dedupe;
  readonly heads: HeadInitialiser;
}

class RedisMessageLog implements MessageLog {
  readonly #redis: RedisConnection;
  readonly #partitions: readonly Partition[];

  constructor(redis: RedisConnection, options: RedisMessageLogOptions) {
    const { maxInProcess, rate = NO_RATE_LIMIT, stored, partitions = 1, keyPrefix = 'parley' } = options;
    const { conversationIdleMs = 60 * 60 * 1_000 } = options;
    const { dedupeExactMs = 60 * 60 * 1_000, dedupeFilterBytes = 4 * 1_024 * 1_024 } = options;
    const { sentMessages, onStoreAsked = () => undefined, collectMs = () => 0, memory = UNLIMITED_MEMORY } = options;
    if (partitions < 1 || partitions > maxInProcess) {
      throw new Error(`${partitions} partitions cannot share ${maxInProcess} messages in process`);
    }
    this.#redis = redis;
    const allKeys = Array.from({ length: partitions }, (_, index) => partitionKeys(keyPrefix, index));
    const shareUpTo = (index: number) => Math.floor((index * maxInProcess) / partitions);
    this.#partitions = allKeys.map((keys, index) => ({
      keys,
      dedupe: new Dedupe({
        redis,
        keys,
        appends: new AppendBatcher({
          redis,
          keys,
          maxInProcess: shareUpTo(index + 1) - shareUpTo(index),
          rate,
          dedupeExactMs,
          dedupeFilterBytes,
          memory,
          collectMs,
        }),
        filterBytes: dedupeFilterBytes,
        sentMessages,
        knownStates: (ids) => this.knownStates(ids),
        onStoreAsked,
      }),
      heads: new HeadInitialiser({ redis, keys, partitions, stored, maxInProcess, conversationIdleMs }),
    }));
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    const { dedupe, heads } = this.#partitionOf(request.conversationId);
    return heads.withHead(request.conversationId, () => dedupe.append(request));
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
    const unknown = conversationIds.filter((_, index) => known[index] === undefined);
    if (unknown.length === 0) return known as ConversationState[];
    const byPartition = Map.groupBy(unknown, (id) => this.#partitionOf(id));
    await Promise.all(
      [...byPartition].map(async ([{ heads }, ids]) => {
        // Two scripts for each conversation. A user in thousands of conversations must not keep Redis from serving others.
        for (const chunk of chunksOf(ids, MAX_INITIALISED)) await heads.initialise(chunk);
      }),
    );
    const initialised = await this.knownStates(conversationIds);
    return Promise.all(conversationIds.map((id, index) => initialised[index] ?? this.#initialisedState(id)));
  }

  async knownStates(conversationIds: readonly ConversationId[]): Promise<(ConversationState | undefined)[]> {
    const byPartition = Map.groupBy(new Set(conversationIds), (id) => this.#partitionOf(id).keys);
    const known = new Map<ConversationId, ConversationState | undefined>();
    await Promise.all(
      [...byPartition].map(async ([keys, ids]) => {
        const states = await readStates(this.#redis, keys, ids);
        for (const [index, id] of ids.entries()) known.set(id, states[index]);
      }),
    );
    return conversationIds.map((id) => known.get(id));
  }

  beginRemoval(conversationId: ConversationId, userId: UserId): Promise<string> {
    return beginRemoval(this.#redis, this.#partitionOf(conversationId).keys, conversationId, userId);
  }

  unfinishedRemovals(conversationId: ConversationId, userId: UserId): Promise<string[]> {
    return unfinishedRemovals(this.#redis, this.#partitionOf(conversationId).keys, conversationId, userId);
  }

  membersChanged(conversationId: ConversationId, endedRemovals: readonly string[] = []): Promise<void> {
    return changeMembersVersion(this.#redis, this.#partitionOf(conversationId).keys, conversationId, endedRemovals);
  }

  async countInProcess(): Promise<number> {
    const lengths = await Promise.all(this.#partitions.map(({ keys }) => this.#redis.xlen(keys.log)));
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  async holders(): Promise<PlaceHolders> {
    const counts = await Promise.all(this.#partitions.map(({ keys }) => this.#redis.hgetall(keys.places)));
    return placeHolders(counts);
  }

  async checkPartitions(): Promise<{ withoutWorker: number }> {
    const number = this.#partitions.length;
    const [[seconds], ...states] = await Promise.all([
      this.#redis.time(),
      ...this.#partitions.map(({ keys }) =>
        Promise.all([this.#redis.get(keys.partitions), this.#redis.get(keys.reclaimedAt)]),
      ),
    ]);
    const lost = this.#partitions.filter((_, index) => states[index]?.[0] === null);
    await Promise.all(lost.map(({ keys }) => this.#redis.set(keys.partitions, number, 'NX')));
    if (states.some(([recorded]) => recorded !== null && recorded !== String(number))) {
      throw new PartitionsChanged(number);
    }
    const nowMs = Number(seconds) * 1_000;
    return { withoutWorker: states.filter(([, at]) => nowMs - Number(at ?? 0) > WORKER_GONE_AFTER_MS).length };
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

  /**
   * Reads the window between two readings of the state, in one round trip. It is not a transaction, which a full Redis refuses, and
   * not a script, which takes four times as long to convert a window to Lua. The window has every message up to the head that was
   * read before it and is not stored by now. Another epoch in the second reading: the three replies may be of different Redis processes.
   */
  async #readRecent(conversationId: ConversationId, query: RecentQuery): Promise<RecentPage | undefined> {
    const { keys } = this.#partitionOf(conversationId);
    const recent = keys.recent(conversationId);
    const { afterSeq, limit } = query;
    const lastSeq = Math.max(0, lastSeqOf(query));
    const [state, deletedLater, window, stateAfter] = await Promise.all([
      readStateInOrder(this.#redis, keys, conversationId),
      this.#redis.zrange(keys.deletions(conversationId), lastSeq + 1, '+inf', 'BYSCORE'),
      afterSeq === undefined
        ? this.#redis.xrevrange(recent, lastSeq, '-', 'COUNT', limit)
        : this.#redis.xrange(recent, afterSeq + 1, lastSeq),
      readStateInOrder(this.#redis, keys, conversationId),
    ]);
    if (!state || state.epoch !== stateAfter?.epoch) return undefined;
    return recentPage(conversationId, state, query, window as RecentEntry[], deletedLater as MessageId[]);
  }

  #initialisedState(conversationId: ConversationId): Promise<ConversationState> {
    const { heads } = this.#partitionOf(conversationId);
    return heads.withHead(conversationId, async () => (await this.knownStates([conversationId]))[0]);
  }

  #partitionOf(conversationId: ConversationId): Partition {
    return this.#partitions[partitionOf(conversationId, this.#partitions.length)] as Partition;
  }
}

/** @param counts of each partition, as scripts/places.lua describes them */
function placeHolders(counts: readonly Readonly<Record<string, string>>[]): PlaceHolders {
  const held = new Map<string, number>();
  for (const [field, count] of counts.flatMap((each) => Object.entries(each))) {
    if (/^[sc]:/.test(field)) held.set(field, (held.get(field) ?? 0) + Number(count));
  }
  const summary = (prefix: string) => {
    const own = [...held].flatMap(([field, count]) => (field.startsWith(prefix) ? [count] : []));
    return { count: own.length, largest: own.reduce((most, count) => Math.max(most, count), 0) };
  };
  return { sender: summary('s:'), conversation: summary('c:') };
}

/** Workers look for entries to reclaim at least every 5 s. */
const WORKER_GONE_AFTER_MS = 20_000;

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
