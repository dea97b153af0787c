import { createRedisMessageConsumer, type LogBatch } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { type Logger, MAX_BLOCK_MS, pause, type RedisConnection } from '@parley/service-kit';
import { BatchInterval } from './batch-interval.ts';
import type { MessageWorkerMetrics } from './metrics.ts';
import type { Publisher } from './publisher.ts';
import { Saver } from './saver.ts';
import { workerLoops } from './worker-loops.ts';

/** The most entries that one read returns. */
const MAX_READ_ENTRIES = 500;

/**
 * The minimum time between the starts of two published batches. It is short, because members wait for it
 * (docs/decisions/0013-four-adaptive-batchers.md).
 */
const PUBLISH_INTERVAL = { shortestMs: 1, longestMs: 10, msPerMessage: 0.5 };

/** The longest time between two looks for entries to reclaim: chat servers regard a partition without them as one without a worker. */
const MAX_RECLAIM_INTERVAL_MS = 5_000;

/** The part of a worker that reads one partition of the log. */
export interface PartitionWorker {
  /** The number of entries that were read and not completed. */
  readonly uncompleted: number;
  countDeadLetters(): Promise<number>;
  /** Trims the recent windows to what is not stored. @returns the number of messages that left them */
  trimRecent(signal: AbortSignal): Promise<number>;
  /** Deletes the dedupe entries of stored messages. @returns their number */
  deleteStoredUses(signal: AbortSignal): Promise<number>;
  /** Reads no further entries. */
  stopReading(): Promise<void>;
  /** Saves no further entries, and leaves the consumer group. */
  close(): Promise<void>;
}

/**
 * Starts reading one partition, with a connection, a consumer and a saver of its own. A conversation belongs to one partition, so its
 * order does not depend on the number of partitions. A partition whose messages the store rejects does not delay the others.
 */
export async function startPartitionWorker(
  partition: number,
  parts: {
    readonly name: string;
    readonly command: RedisConnection;
    /** Opens a connection on which only this partition is read. */
    readonly connectBlocking: () => Promise<RedisConnection>;
    readonly store: MessageStore;
    readonly publisher: Publisher;
    readonly reclaimAfterMs: number;
    readonly conversationIdleMs: number;
    /** Whether the worker has room for more uncompleted entries. */
    readonly hasRoom: () => boolean;
    readonly metrics: MessageWorkerMetrics;
    readonly logger: Logger;
  },
): Promise<PartitionWorker> {
  const { name, command, store, publisher, reclaimAfterMs, conversationIdleMs, metrics, logger } = parts;
  const blocking = await parts.connectBlocking();
  const consumer = await createRedisMessageConsumer(
    { command, blocking },
    { partition, consumerName: name, reclaimAfterMs, conversationIdleMs },
  );
  const saver = new Saver({ name, store, consumer, publisher, metrics, logger });

  async function publishAndQueue({ entries, malformed }: LogBatch): Promise<void> {
    const unpublished = entries.filter((entry) => !saver.has(entry));
    publisher.publishMessages(unpublished);
    const publishedAtMs = Date.now();
    if (logger.isLevelEnabled('debug'))
      logger.debug({ messageIds: unpublished.map(({ message }) => message.id) }, 'published');
    saver.add(unpublished.map((entry) => ({ ...entry, publishedAtMs })));
    if (malformed.length === 0) return;
    await consumer.deadLetter(malformed);
    metrics.chat_messages_dead_lettered_total.inc(malformed.length);
    logger.error({ malformed }, 'malformed entries were moved to the dead letters');
  }

  const loop = workerLoops({ metrics, logger });
  const interval = new BatchInterval(PUBLISH_INTERVAL);
  const reading = [
    loop('read', 0, async (signal) => {
      if (!parts.hasRoom()) throw new Error('too many entries are uncompleted: the store is slow');
      if (interval.collectMs() > 0) await pause(interval.collectMs(), signal);
      const batch = await consumer.read({ maxEntries: MAX_READ_ENTRIES, blockMs: MAX_BLOCK_MS });
      interval.started(batch.entries.length);
      await publishAndQueue(batch);
    }),
    loop('take-over', Math.min(reclaimAfterMs / 4, MAX_RECLAIM_INTERVAL_MS), async () => {
      const batch = await consumer.reclaim({ maxEntries: MAX_READ_ENTRIES });
      metrics.chat_messages_taken_over_total.inc(batch.entries.length);
      await publishAndQueue(batch);
    }),
  ];
  const saving = [
    loop('save', 0, (signal) => saver.saveNext(signal)),
    loop('keep', reclaimAfterMs / 4, () => saver.extendClaims()),
  ];

  return {
    get uncompleted() {
      return saver.size;
    },
    countDeadLetters: () => consumer.countDeadLetters(),
    trimRecent: (signal) => consumer.trimRecent(signal),
    deleteStoredUses: (signal) => consumer.deleteStoredUses(signal),
    async stopReading() {
      await Promise.all(reading.map((running) => running.stop()));
    },
    async close() {
      await Promise.all(saving.map((running) => running.stop()));
      await consumer.close();
      blocking.disconnect();
    },
  };
}
