import { FanOutPublisher } from '@parley/fan-out';
import { createRedisMessageConsumer, type LogBatch } from '@parley/message-log';
import { openStore } from '@parley/message-store';
import { createServiceBase, type Logger, type Loop, pause, type RunningService, startLoop } from '@parley/service-kit';
import { BatchWindow } from './batch-window.ts';
import type { MessageWorkerConfig } from './config.ts';
import { MESSAGE_WORKER_METRICS, type WorkerLoopName } from './metrics.ts';
import { Publisher } from './publisher.ts';
import { Saver } from './saver.ts';

/** The most entries that one read brings. */
const MAX_READ_ENTRIES = 500;

/** How long a read waits for the first entry. */
const READ_BLOCK_MS = 1_000;

/** A worker with this many entries in hand reads no more: the others may have them, and memory stays bounded. */
const MAX_IN_HAND = 5_000;

/** What people wait for. */
const PUBLISHING = { shortestMs: 1, longestMs: 10, msPerMessage: 0.5 };

const GAUGES_EVERY_MS = 5_000;

/** How long a stopping worker goes on saving what it has in hand. */
const DRAIN_DEADLINE_MS = 3_000;

export interface MessageWorker extends RunningService {
  readonly logger: Logger;
  readonly opsPort: number;
}

/**
 * Starts one message worker. It reads the log in batches, publishes each at once, saves in bulk behind that, and only then
 * completes. Publishing never waits for the store. A worker that dies leaves its entries in the log, where another finds
 * them: they are published again, and saved once.
 */
export async function startMessageWorker(config: MessageWorkerConfig): Promise<MessageWorker> {
  const base = createServiceBase(config, MESSAGE_WORKER_METRICS);
  const { name, logger, metrics, readiness, connect } = base;
  const [command, blocking, patient] = await Promise.all([
    connect('command', 'command'),
    connect('blocking', 'read'),
    connect('no-deadline', 'publish'),
  ]);
  const store = await openStore({ mongodbUrl: config.MONGODB_URL, dataDir: config.DATA_DIR, logger });
  const consumer = await createRedisMessageConsumer(
    { command, blocking },
    { partition: config.LOG_PARTITION, consumerName: name, reclaimAfterMs: config.RECLAIM_AFTER_MS },
  );
  const publisher = new Publisher(new FanOutPublisher(patient), metrics);
  const saver = new Saver({ name, store: store.messages, consumer, publisher, metrics, logger });
  base.requireRedis(command);
  readiness.require('store', () => store.ping());

  async function takeIn({ entries, malformed }: LogBatch): Promise<void> {
    const fresh = entries.filter((entry) => !saver.has(entry.entryId));
    publisher.publishMessages(fresh);
    const publishedAtMs = Date.now();
    if (logger.isLevelEnabled('debug'))
      logger.debug({ messageIds: fresh.map(({ message }) => message.id) }, 'published');
    saver.add(fresh.map((entry) => ({ ...entry, publishedAtMs })));
    if (malformed.length === 0) return;
    await consumer.deadLetter(malformed);
    metrics.chat_messages_dead_lettered_total.inc(malformed.length);
    logger.error({ malformed }, 'entries that are no messages went to the dead letters');
  }

  const loop = (loopName: WorkerLoopName, everyMs: number, round: (signal: AbortSignal) => Promise<void>): Loop =>
    startLoop(loopName, round, {
      everyMs,
      logger,
      onError: () => metrics.chat_worker_errors_total.inc({ loop: loopName }),
    });
  const window = new BatchWindow(PUBLISHING);
  const reading = [
    loop('read', 0, async (signal) => {
      if (saver.size >= MAX_IN_HAND) throw new Error('too many messages are in hand: the store is slow');
      if (window.waitMs() > 0) await pause(window.waitMs(), signal);
      const batch = await consumer.read({ maxEntries: MAX_READ_ENTRIES, blockMs: READ_BLOCK_MS });
      window.began(batch.entries.length);
      await takeIn(batch);
    }),
    loop('take-over', config.RECLAIM_AFTER_MS / 4, async () => {
      const batch = await consumer.reclaim({ maxEntries: MAX_READ_ENTRIES });
      metrics.chat_messages_taken_over_total.inc(batch.entries.length);
      await takeIn(batch);
    }),
  ];
  const saving = [
    loop('save', 0, (signal) => saver.saveNext(signal)),
    loop('keep', config.RECLAIM_AFTER_MS / 4, () => saver.keepInHand()),
    loop('gauges', GAUGES_EVERY_MS, async () => metrics.chat_dead_letters.set(await consumer.deadLetters())),
  ];

  const opsServer = await base.startOpsServer();

  return {
    logger,
    opsPort: opsServer.port,
    /** What is not saved by then stays in the log for the other workers, or for the next start. */
    async stop() {
      readiness.drain();
      await Promise.all(reading.map((running) => running.stop()));
      const drainUntil = performance.now() + DRAIN_DEADLINE_MS;
      while (saver.size > 0 && performance.now() < drainUntil) await pause(20);
      await Promise.all(saving.map((running) => running.stop()));
      await consumer.close();
      await Promise.all([opsServer.close(), store.close()]);
      for (const redis of [command, blocking, patient]) redis.disconnect();
    },
  };
}
