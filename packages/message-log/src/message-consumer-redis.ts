import type { ConversationId, MessageRecord } from '@parley/protocol';
import {
  commandTimeoutOf,
  DeadlineExceeded,
  loadScript,
  type RedisConnection,
  runScript,
  withDeadline,
} from '@parley/service-kit';
import { chunksOf, type EndedEntry, endEntries } from './settle-entries.ts';
import { type DeliveredEntry, fieldsOf, placeOf, toLogBatch } from './log-entry.ts';
import type { LogBatch, LogEntry, MessageConsumer, StoredMark } from './message-consumer.ts';
import { type PartitionKeys, partitionKeys, WORKERS } from './partition-keys.ts';

export interface RedisMessageConsumerOptions {
  /** Which partition of the log, from 0. Default 0. */
  partition?: number;
  /** This worker's name. Living workers have different names; a restarted one had best have its old one. */
  consumerName: string;
  /** A worker that is silent for so long has failed. Shorter frees places sooner, longer forgives pauses. Default 10 000. */
  takeOverAfterMs?: number;
  /** How many stored messages of each conversation stay in the recent window. Default 200. */
  keepRecent?: number;
  /** Default 'parley'. */
  keyPrefix?: string;
}

const scripts = {
  readOwn: loadScript(new URL('./scripts/read-pending.lua', import.meta.url), 1),
  takeOver: loadScript(new URL('./scripts/reclaim.lua', import.meta.url), 1),
  keep: loadScript(new URL('./scripts/extend-claim.lua', import.meta.url), 1),
  leave: loadScript(new URL('./scripts/leave-group.lua', import.meta.url), 1),
};

const BEFORE_ALL = '0-0';

/**
 * Joins the consumer group of one partition; creates the stream and the group where they are missing, now and whenever Redis
 * has lost them. The caller owns both connections; `blocking` serves this consumer alone.
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
 * A member of the group, in one of two modes. *Catching up*: `read` gives what is pending under this name beyond the last
 * entry that it is known to have got. It begins so (a process of the same name may have crashed with entries in hand) and
 * comes back to it after a failed read (Redis may have handed over entries that never arrived). *Following*: `read` waits
 * for new entries. What is pending elsewhere, under the names of the dead, comes by `takeOver`.
 */
class RedisMessageConsumer implements MessageConsumer {
  readonly #command: RedisConnection;
  readonly #blocking: RedisConnection;
  readonly #keys: PartitionKeys;
  readonly #name: string;
  readonly #takeOverAfterMs: number;
  readonly #keepRecent: number;
  #catchingUp = true;
  #lastReadId = BEFORE_ALL;

  constructor(
    connections: { command: RedisConnection; blocking: RedisConnection },
    {
      partition = 0,
      consumerName,
      takeOverAfterMs = 10_000,
      keepRecent = 200,
      keyPrefix = 'parley',
    }: RedisMessageConsumerOptions,
  ) {
    this.#command = connections.command;
    this.#blocking = connections.blocking;
    this.#keys = partitionKeys(keyPrefix, partition);
    this.#name = consumerName;
    this.#takeOverAfterMs = takeOverAfterMs;
    this.#keepRecent = keepRecent;
  }

  /** The group begins before all entries: one that is in the stream is not completed, however the group was lost. */
  async join(): Promise<void> {
    this.#catchingUp = true;
    this.#lastReadId = BEFORE_ALL;
    try {
      await this.#command.xgroup('CREATE', this.#keys.log, WORKERS, BEFORE_ALL, 'MKSTREAM');
    } catch (error) {
      if (!isReply(error, 'BUSYGROUP')) throw error;
    }
  }

  read(options: { maxEntries: number; blockMs: number }): Promise<LogBatch> {
    return this.#inGroup(async () => {
      if (this.#catchingUp) {
        const own = await this.#readOwn(options.maxEntries);
        // An empty answer does not say that there is no more: what it looked at may have been deleted.
        if (own.length > 0 || this.#catchingUp) return toLogBatch(own);
      }
      return toLogBatch(await this.#readNew(options));
    }, emptyBatch());
  }

  takeOver({ maxEntries }: { maxEntries: number }): Promise<LogBatch> {
    return this.#inGroup(async () => {
      const taken: DeliveredEntry[] = [];
      let start = BEFORE_ALL;
      do {
        const args = [WORKERS, this.#name, this.#takeOverAfterMs, start, maxEntries - taken.length];
        const reply = await runScript(this.#command, scripts.takeOver, [this.#keys.log], args);
        const [next, entries] = reply as [next: string, entries: DeliveredEntry[]];
        taken.push(...entries);
        start = next;
      } while (start !== BEFORE_ALL && taken.length < maxEntries);
      return toLogBatch(taken);
    }, emptyBatch());
  }

  async keep(entryIds: readonly string[]): Promise<void> {
    const keepSome = (ids: readonly string[]) =>
      runScript(this.#command, scripts.keep, [this.#keys.log], [WORKERS, this.#name, ...ids]);
    await this.#inGroup(() => Promise.all(chunksOf(entryIds).map(keepSome)), []);
  }

  complete(entries: readonly LogEntry[]): Promise<StoredMark[]> {
    return this.#end(
      entries.map(({ entryId, message: { conversationId, seq } }) => ({ entryId, conversationId, seq, reason: '' })),
    );
  }

  async deadLetter(entries: readonly { entryId: string; reason: string; message?: MessageRecord }[]): Promise<void> {
    const located = entries.map(async ({ entryId, reason, message }): Promise<EndedEntry> => {
      const { conversationId, seq } = message ?? (await this.#placeOf(entryId)) ?? NO_PLACE;
      return { entryId, conversationId, seq, reason: reason || 'no reason given' };
    });
    await this.#end(await Promise.all(located));
  }

  deadLetters(): Promise<number> {
    return this.#command.xlen(this.#keys.dead);
  }

  async close(): Promise<void> {
    // Best effort: a name that stays in the group costs a few bytes, and a process that stops may have lost Redis.
    await runScript(this.#command, scripts.leave, [this.#keys.log], [WORKERS, this.#name]).catch(() => undefined);
  }

  async #readOwn(maxEntries: number): Promise<DeliveredEntry[]> {
    const args = [WORKERS, this.#name, this.#lastReadId, maxEntries];
    const reply = await runScript(this.#command, scripts.readOwn, [this.#keys.log], args);
    const [lastId, entries] = reply as [lastId: string, entries: DeliveredEntry[]];
    if (lastId === '') this.#catchingUp = false;
    else this.#lastReadId = lastId;
    return entries;
  }

  async #readNew({ maxEntries, blockMs }: { maxEntries: number; blockMs: number }): Promise<DeliveredEntry[]> {
    const { log } = this.#keys;
    // To Redis BLOCK 0 is for ever.
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
      // Late by as much as any command may take: its connection counts as dead.
      const reply = await withDeadline(reading, blockMs + commandTimeoutOf(this.#command), 'reading the log');
      const entries = reply?.[0]?.[1] ?? [];
      this.#lastReadId = entries.at(-1)?.[0] ?? this.#lastReadId;
      return entries.map(([entryId, fields]) => [entryId, 1, fields ?? []]);
    } catch (error) {
      this.#catchingUp = true;
      // A link that died silently would hold every later read too.
      if (error instanceof DeadlineExceeded) this.#blocking.disconnect(true);
      throw error;
    }
  }

  #end(entries: readonly EndedEntry[]): Promise<StoredMark[]> {
    return endEntries(this.#command, this.#keys, this.#keepRecent, entries);
  }

  async #placeOf(entryId: string): Promise<{ conversationId: ConversationId; seq: number } | undefined> {
    const [entry] = await this.#command.xrange(this.#keys.log, entryId, entryId);
    return entry && placeOf(fieldsOf(entry[1]));
  }

  /** Runs a call that needs the group; where Redis has lost it, joins again and gives `whenLost`. */
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

const NO_PLACE = { conversationId: '', seq: 0 } as const;

const emptyBatch = (): LogBatch => ({ entries: [], malformed: [] });
