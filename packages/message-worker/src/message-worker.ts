import { FanOutPublisher } from '@parley/fan-out';
import { createRedisMessageConsumer, type LogBatch } from '@parley/message-log';
import { openStore } from '@parley/message-store';
import {
  createServiceBase,
  type Logger,
  type Loop,
  MAX_BLOCK_MS,
  pause,
  RedisMemory,
  type RunningService,
  startLoop,
} from '@parley/service-kit';
import { BatchInterval } from './batch-interval.ts';
import type { MessageWorkerConfig } from './config.ts';
import { MemoryRelief } from './memory-relief.ts';
import { MESSAGE_WORKER_METRICS, type WorkerLoopName } from './metrics.ts';
import { Publisher } from './publisher.ts';
import { Saver } from './saver.ts';

/** The most entries that one read returns. */
const MAX_READ_ENTRIES = 500;

/** A worker with this many uncompleted entries stops reading: memory stays bounded, and other workers can read them. */
const MAX_UNCOMPLETED = 5_000;

/**
 * The minimum time between the starts of two published batches. It is short, because members wait for it
 * (docs/decisions/0013-four-adaptive-batchers.md).
 */
const PUBLISH_INTERVAL = { shortestMs: 1, longestMs: 10, msPerMessage: 0.5 };

const GAUGES_EVERY_MS = 5_000;
const REDIS_MEMORY_EVERY_MS = 500;

/** How long a stopping worker continues to save its uncompleted entries. */
const DRAIN_DEADLINE_MS = 3_000;

export interface MessageWorker extends RunningService {
  readonly logger: Logger;
  readonly opsPort: number;
}

/**
 * Starts one message worker. It reads the log in batches, publishes each batch at once, then saves entries in bulk and completes
 * them. Publishing never waits for the store. Entries of a worker that dies stay in the log until another worker reclaims them:
 * they are published again, and saved once.
 */
export async function startMessageWorker(config: MessageWorkerConfig): Promise<MessageWorker> {
  const base = createServiceBase(config, MESSAGE_WORKER_METRICS);
  const { name, logger, metrics, readiness, connect } = base;
  const [command, blocking, noDeadline] = await Promise.all([
    connect('command', 'command'),
    connect('blocking', 'read'),
    connect('no-deadline', 'publish'),
  ]);
  const store = await openStore({ mongodbUrl: config.MONGODB_URL, dataDir: config.DATA_DIR, logger });
  const consumer = await createRedisMessageConsumer(
    { command, blocking },
    {
      partition: config.LOG_PARTITION,
      consumerName: name,
      reclaimAfterMs: config.RECLAIM_AFTER_MS,
      conversationIdleMs: config.CONVERSATION_IDLE_MS,
    },
  );
  const publisher = new Publisher(new FanOutPublisher(noDeadline), metrics);
  const memory = new RedisMemory(command, { busyPercent: config.REDIS_BUSY_PERCENT });
  const relief = new MemoryRelief({ memory, consumer, metrics, logger });
  const saver = new Saver({ name, store: store.messages, consumer, publisher, metrics, logger });
  base.requireRedis(command);
  readiness.require('store', () => store.ping());

  async function publishAndQueue({ entries, malformed }: LogBatch): Promise<void> {
    const unpublished = entries.filter((entry) => !saver.has(entry.entryId));
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

  const loop = (loopName: WorkerLoopName, everyMs: number, round: (signal: AbortSignal) => Promise<void>): Loop =>
    startLoop(loopName, round, {
      everyMs,
      logger,
      onError: () => metrics.chat_worker_errors_total.inc({ loop: loopName }),
    });
  const interval = new BatchInterval(PUBLISH_INTERVAL);
  const reading = [
    loop('read', 0, async (signal) => {
      if (saver.size >= MAX_UNCOMPLETED) throw new Error('too many entries are uncompleted: the store is slow');
      if (interval.collectMs() > 0) await pause(interval.collectMs(), signal);
      const batch = await consumer.read({ maxEntries: MAX_READ_ENTRIES, blockMs: MAX_BLOCK_MS });
      interval.started(batch.entries.length);
      await publishAndQueue(batch);
    }),
    loop('take-over', config.RECLAIM_AFTER_MS / 4, async () => {
      const batch = await consumer.reclaim({ maxEntries: MAX_READ_ENTRIES });
      metrics.chat_messages_taken_over_total.inc(batch.entries.length);
      await publishAndQueue(batch);
    }),
  ];
  const saving = [
    loop('save', 0, (signal) => saver.saveNext(signal)),
    loop('keep', config.RECLAIM_AFTER_MS / 4, () => saver.extendClaims()),
    loop('redis-memory', REDIS_MEMORY_EVERY_MS, (signal) => relief.check(signal)),
    loop('gauges', GAUGES_EVERY_MS, async () => metrics.chat_dead_letters.set(await consumer.countDeadLetters())),
  ];

  const opsServer = await base.startOpsServer();

  return {
    logger,
    opsPort: opsServer.port,
    /** Entries that are not saved by the drain deadline stay in the log for other workers, or for the next start. */
    async stop() {
      readiness.drain();
      await Promise.all(reading.map((running) => running.stop()));
      const drainUntil = performance.now() + DRAIN_DEADLINE_MS;
      while (saver.size > 0 && performance.now() < drainUntil) await pause(20);
      await Promise.all(saving.map((running) => running.stop()));
      await consumer.close();
      await Promise.all([opsServer.close(), store.close()]);
      for (const redis of [command, blocking, noDeadline]) redis.disconnect();
    },
  };
}
