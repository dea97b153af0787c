import type { ConversationId } from '@parley/protocol';
import {
  commandTimeoutOf,
  DeadlineExceeded,
  loadScript,
  type RedisConnection,
  runScript,
  withDeadline,
} from '@parley/service-kit';
import { chunksOf } from './chunks-of.ts';
import { deleteStoredUses, trimRecentWindows } from './free-memory.ts';
import { ENTRY_FUNCTIONS } from './included-scripts.ts';
import { type DeliveredEntry, fieldsOf, positionOf, toLogBatch } from './log-entry.ts';
import type { CommittedOffset, DeadEntry, LogBatch, LogEntry, MessageConsumer } from './message-consumer.ts';
import { type PartitionKeys, partitionKeys, WORKERS } from './partition-keys.ts';
import { MAX_ENTRIES_PER_CALL, type SettledEntry, type SettleOptions, settleEntries } from './settle-entries.ts';

export interface RedisMessageConsumerOptions {
  /** The partition of the log, counted from 0. Default 0. */
  partition?: number;
  /** The worker's name, unique among running workers. A restarted worker should use its old name. */
  consumerName: string;
  /**
   * A worker that does not extend its claims for this long counts as dead. A shorter time frees capacity sooner, a longer one
   * tolerates longer pauses. Default 10 000.
   */
  reclaimAfterMs?: number;
  /** Number of stored messages that each conversation's recent window keeps. Default 200. */
  keepRecent?: number;
  /** A conversation leaves Redis when all its messages are stored and it was idle for this long, ms. Default 1 h. */
  conversationIdleMs?: number;
  /** Default 'parley'. */
  keyPrefix?: string;
}

const scripts = {
  joinGroup: loadScript(new URL('./scripts/join-group.lua', import.meta.url), 1),
  readPending: loadScript(new URL('./scripts/read-pending.lua', import.meta.url), 1),
  reclaim: loadScript(new URL('./scripts/reclaim.lua', import.meta.url), 2),
  extendClaim: loadScript(new URL('./scripts/extend-claim.lua', import.meta.url), 1),
  checkEntries: loadScript(new URL('./scripts/check-entries.lua', import.meta.url), 3, ENTRY_FUNCTIONS),
  leaveGroup: loadScript(new URL('./scripts/leave-group.lua', import.meta.url), 1),
};

/** The id before the first entry of a stream. */
const STREAM_START = '0-0';

/**
 * Joins the consumer group of one partition. Creates the stream and the group where they are missing, and again whenever Redis
 * loses them. The caller owns both connections; no other part may use `blocking`.
 */
export async function createRedisMessageConsumer(
  connections: { command: RedisConnection; blocking: RedisConnection },
  options: RedisMessageConsumerOptions,
): Promise<MessageConsumer> {
  const consumer = new RedisMessageConsumer(connections, options);
  await consumer.join();
  return consumer;
}

/**
 * A member of the consumer group. `read` has two modes.
 *
 * **Catching up.** `read` returns the entries that are pending under this name, after the last entry that certainly arrived here.
 * The consumer starts in this mode: a process of the same name may have crashed with pending entries. It returns to this mode
 * after a failed read (Redis may have delivered entries whose reply was lost) and after the group was lost. It leaves the mode
 * when no pending entry is left.
 *
 * **Following.** `read` waits for new entries.
 *
 * In both modes, entries that are pending under the names of dead workers come through `reclaim`.
 */
class RedisMessageConsumer implements MessageConsumer {
  readonly #command: RedisConnection;
  readonly #blocking: RedisConnection;
  readonly #keys: PartitionKeys;
  readonly #name: string;
  readonly #reclaimAfterMs: number;
  readonly #settleOptions: SettleOptions;
  #isCatchingUp = true;
  #lastReadId = STREAM_START;
  /** The epoch as the last reply named it. */
  #epoch = '';

  constructor(
    connections: { command: RedisConnection; blocking: RedisConnection },
    {
      partition = 0,
      consumerName,
      reclaimAfterMs = 10_000,
      keepRecent = 200,
      conversationIdleMs = 60 * 60 * 1_000,
      keyPrefix = 'parley',
    }: RedisMessageConsumerOptions,
  ) {
    this.#command = connections.command;
    this.#blocking = connections.blocking;
    this.#keys = partitionKeys(keyPrefix, partition);
    this.#name = consumerName;
    this.#reclaimAfterMs = reclaimAfterMs;
    this.#settleOptions = { keepRecent, conversationIdleMs };
  }

  /** Creates the group at the start of the stream: every entry of the stream is uncompleted, even if the group was lost. */
  async join(): Promise<void> {
    this.#isCatchingUp = true;
    this.#lastReadId = STREAM_START;
    await runScript(this.#command, scripts.joinGroup, [this.#keys.log], [WORKERS]);
  }

  read(options: { maxEntries: number; blockMs: number }): Promise<LogBatch> {
    return this.#inGroup(async () => {
      if (this.#isCatchingUp) {
        const pending = await this.#readPending(options.maxEntries);
        // An empty reply does not end the catching up: the entries that it examined may have been deleted.
        if (pending.length > 0 || this.#isCatchingUp) return toLogBatch(pending);
      }
      return toLogBatch(await this.#readNew(options));
    }, emptyBatch());
  }

  reclaim({ maxEntries }: { maxEntries: number }): Promise<LogBatch> {
    return this.#inGroup(async () => {
      const reclaimed: DeliveredEntry[] = [];
      let start = STREAM_START;
      do {
        const args = [WORKERS, this.#name, this.#reclaimAfterMs, start, maxEntries - reclaimed.length];
        const reply = await runScript(this.#command, scripts.reclaim, [this.#keys.log, this.#keys.reclaimedAt], args);
        const [next, entries] = reply as [next: string, entries: DeliveredEntry[]];
        reclaimed.push(...entries);
        start = next;
      } while (start !== STREAM_START && reclaimed.length < maxEntries);
      return toLogBatch(reclaimed);
    }, emptyBatch());
  }

  async extendClaim(entryIds: readonly string[]): Promise<void> {
    const extendChunk = (ids: readonly string[]) =>
      runScript(this.#command, scripts.extendClaim, [this.#keys.log], [WORKERS, this.#name, ...ids]);
    await this.#inGroup(() => Promise.all(chunksOf(entryIds, MAX_ENTRIES_PER_CALL).map(extendChunk)), []);
  }

  async findLost(entries: readonly LogEntry[]): Promise<LogEntry[]> {
    const ofEndedEpoch = () => entries.filter(({ epoch }) => epoch !== this.#epoch);
    const knownEpoch = this.#epoch;
    let missing = await this.#findMissing(ofEndedEpoch());
    if (this.#epoch !== knownEpoch) missing = await this.#findMissing(ofEndedEpoch());
    if (missing.length === 0) return [];
    const ids = [...new Set(missing.map(({ message }) => message.conversationId))];
    const epochs = await Promise.all(ids.map((id) => this.#command.hget(this.#keys.conversation(id), 'epoch')));
    const initialised = new Set(ids.filter((_, index) => epochs[index] === this.#epoch));
    return missing.filter(({ message }) => initialised.has(message.conversationId));
  }

  async findCurrent(entries: readonly LogEntry[]): Promise<LogEntry[]> {
    const missing = new Set(await this.#findMissing(entries));
    return entries.filter((entry) => entry.epoch === this.#epoch && !missing.has(entry));
  }

  complete(entries: readonly LogEntry[]): Promise<CommittedOffset[]> {
    return this.#settle(
      entries.map(({ entryId, epoch, holder, message: { conversationId, seq } }) => ({
        entryId,
        epoch,
        conversationId,
        seq,
        holder,
        reason: '',
      })),
    );
  }

  async deadLetter(entries: readonly DeadEntry[]): Promise<void> {
    const located = entries.map(async ({ entryId, epoch, reason, message }): Promise<SettledEntry> => {
      const { conversationId, seq } = message ?? (await this.#positionOf(entryId)) ?? UNKNOWN_POSITION;
      return { entryId, epoch, conversationId, seq, holder: '', reason: reason || 'no reason given' };
    });
    await this.#settle(await Promise.all(located));
  }

  countDeadLetters(): Promise<number> {
    return this.#command.xlen(this.#keys.dead);
  }

  trimRecent(signal: AbortSignal): Promise<number> {
    return trimRecentWindows(this.#command, this.#keys, signal);
  }

  deleteStoredUses(signal: AbortSignal): Promise<number> {
    return deleteStoredUses(this.#command, this.#keys, signal);
  }

  async close(): Promise<void> {
    // Failures are ignored: a name that stays in the group costs a few bytes, and a stopping process may have lost Redis.
    await runScript(this.#command, scripts.leaveGroup, [this.#keys.log], [WORKERS, this.#name]).catch(() => undefined);
  }

  async #readPending(maxEntries: number): Promise<DeliveredEntry[]> {
    const args = [WORKERS, this.#name, this.#lastReadId, maxEntries];
    const reply = await runScript(this.#command, scripts.readPending, [this.#keys.log], args);
    const [lastId, entries] = reply as [lastId: string, entries: DeliveredEntry[]];
    if (lastId === '') this.#isCatchingUp = false;
    else this.#lastReadId = lastId;
    return entries;
  }

  async #readNew({ maxEntries, blockMs }: { maxEntries: number; blockMs: number }): Promise<DeliveredEntry[]> {
    const { log } = this.#keys;
    // In Redis, BLOCK 0 means without a limit.
    const reading =
      blockMs > 0
        ? this.#blocking.xreadgroup(
            'GROUP',
            WORKERS,
            this.#name,
            'COUNT',
            maxEntries,
            'BLOCK',
            blockMs,
            'STREAMS',
            log,
            '>',
          )
        : this.#blocking.xreadgroup('GROUP', WORKERS, this.#name, 'COUNT', maxEntries, 'STREAMS', log, '>');
    try {
      // A reply later than the block time and the command timeout together: the connection counts as dead.
      const reply = await withDeadline(reading, blockMs + commandTimeoutOf(this.#command), 'reading the log');
      const entries = reply?.[0]?.[1] ?? [];
      this.#lastReadId = entries.at(-1)?.[0] ?? this.#lastReadId;
      return entries.map(([entryId, fields]) => [entryId, 1, fields ?? []]);
    } catch (error) {
      this.#isCatchingUp = true;
      // On a connection that died silently, every later read would also wait.
      if (error instanceof DeadlineExceeded) this.#blocking.disconnect(true);
      throw error;
    }
  }

  /** Returns the entries that are not in the log, and updates the epoch. One round trip, also without entries. */
  async #findMissing(entries: readonly LogEntry[]): Promise<LogEntry[]> {
    const { log, epoch, runId } = this.#keys;
    const chunks = entries.length > 0 ? chunksOf(entries, MAX_ENTRIES_PER_CALL) : [[]];
    const replies = await Promise.all(
      chunks.map((chunk) =>
        runScript(
          this.#command,
          scripts.checkEntries,
          [log, epoch, runId],
          chunk.flatMap((entry) => [entry.entryId, entry.epoch]),
        ),
      ),
    );
    const present = new Set<LogEntry>();
    for (const [index, reply] of replies.entries()) {
      const [currentEpoch, found] = reply as [currentEpoch: string, found: number[]];
      this.#epoch = currentEpoch;
      for (const position of found) present.add(chunks[index]?.[position] as LogEntry);
    }
    return entries.filter((entry) => !present.has(entry));
  }

  #settle(entries: readonly SettledEntry[]): Promise<CommittedOffset[]> {
    return settleEntries(this.#command, this.#keys, this.#settleOptions, entries);
  }

  async #positionOf(entryId: string): Promise<{ conversationId: ConversationId; seq: number } | undefined> {
    const [entry] = await this.#command.xrange(this.#keys.log, entryId, entryId);
    return entry && positionOf(fieldsOf(entry[1]));
  }

  /** Runs a call that needs the group. When Redis has lost the group, joins again and returns `whenLost`. */
  async #inGroup<T>(call: () => Promise<T>, whenLost: T): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!isReply(error, 'NOGROUP') && !isReply(error, 'UNBLOCKED')) throw error;
      await this.join();
      return whenLost;
    }
  }
}

const isReply = (error: unknown, code: string) => error instanceof Error && error.message.startsWith(code);

const UNKNOWN_POSITION = { conversationId: '', seq: 0 } as const;

const emptyBatch = (): LogBatch => ({ entries: [], malformed: [] });
