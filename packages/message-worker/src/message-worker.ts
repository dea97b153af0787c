import { FanOutPublisher } from '@parley/fan-out';
import { recordedPartitions } from '@parley/message-log';
import { openStore } from '@parley/message-store';
import { createServiceBase, type Logger, pause, RedisMemory, type RunningService } from '@parley/service-kit';
import type { MessageWorkerConfig } from './config.ts';
import { MemoryRelief } from './memory-relief.ts';
import { MESSAGE_WORKER_METRICS } from './metrics.ts';
import { type PartitionWorker, startPartitionWorker } from './partition-worker.ts';
import { Publisher } from './publisher.ts';
import { workerLoops } from './worker-loops.ts';

/** A worker with this many uncompleted entries stops reading: memory stays bounded, and other workers can read them. */
const MAX_UNCOMPLETED = 5_000;

/** How often the worker looks for new partitions. The first chat server of a new cluster records their number. */
const PARTITIONS_EVERY_MS = 1_000;
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
 *
 * Every worker reads all partitions of the log. Their number is in Redis, so no partition can be without a worker because of a setting.
 */
export async function startMessageWorker(config: MessageWorkerConfig): Promise<MessageWorker> {
  const base = createServiceBase(config, MESSAGE_WORKER_METRICS);
  const { name, logger, metrics, readiness, connect } = base;
  const [command, noDeadline] = await Promise.all([connect('command', 'command'), connect('no-deadline', 'publish')]);
  const store = await openStore({ mongodbUrl: config.MONGODB_URL, dataDir: config.DATA_DIR, logger });
  const publisher = new Publisher(new FanOutPublisher(noDeadline), metrics);
  const memory = new RedisMemory(command, { busyPercent: config.REDIS_BUSY_PERCENT });
  base.requireRedis(command);
  readiness.require('store', () => store.ping());

  const partitions: PartitionWorker[] = [];
  const uncompleted = () => partitions.reduce((sum, partition) => sum + partition.uncompleted, 0);
  /** Partitions are only added: after a smaller number was set, the others are empty. */
  async function startMissingPartitions(): Promise<void> {
    const recorded = (await recordedPartitions(command)) ?? 1;
    while (partitions.length < recorded) {
      partitions.push(
        await startPartitionWorker(partitions.length, {
          ...{ name, command, publisher, metrics, logger },
          connectBlocking: () => connect('blocking', 'read'),
          store: store.messages,
          reclaimAfterMs: config.RECLAIM_AFTER_MS,
          conversationIdleMs: config.CONVERSATION_IDLE_MS,
          hasRoom: () => uncompleted() < MAX_UNCOMPLETED,
        }),
      );
    }
  }
  await startMissingPartitions();

  const relief = new MemoryRelief({
    memory,
    consumer: {
      trimRecent: (signal) => sumOf(partitions, (partition) => partition.trimRecent(signal)),
      deleteStoredUses: (signal) => sumOf(partitions, (partition) => partition.deleteStoredUses(signal)),
    },
    metrics,
    logger,
  });

  const loop = workerLoops({ metrics, logger });
  const loops = [
    loop('partitions', PARTITIONS_EVERY_MS, startMissingPartitions),
    loop('gauges', GAUGES_EVERY_MS, async () => {
      const counts = await Promise.all(partitions.map((partition) => partition.countDeadLetters()));
      metrics.chat_dead_letters.set(counts.reduce((sum, count) => sum + count, 0));
    }),
    loop('redis-memory', REDIS_MEMORY_EVERY_MS, (signal) => relief.check(signal)),
  ];

  const opsServer = await base.startOpsServer();

  return {
    logger,
    opsPort: opsServer.port,
    /** Entries that are not saved by the drain deadline stay in the log for other workers, or for the next start. */
    async stop() {
      readiness.drain();
      await Promise.all(loops.map((running) => running.stop()));
      await Promise.all(partitions.map((partition) => partition.stopReading()));
      const drainUntil = performance.now() + DRAIN_DEADLINE_MS;
      while (uncompleted() > 0 && performance.now() < drainUntil) await pause(20);
      await Promise.all(partitions.map((partition) => partition.close()));
      await Promise.all([opsServer.close(), store.close()]);
      for (const redis of [command, noDeadline]) redis.disconnect();
    },
  };
}

/** Calls one partition after the other, because each call may take long. */
async function sumOf(partitions: readonly PartitionWorker[], call: (partition: PartitionWorker) => Promise<number>) {
  let sum = 0;
  for (const partition of partitions) sum += await call(partition);
  return sum;
}
