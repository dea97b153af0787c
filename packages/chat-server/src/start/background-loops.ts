import type { SessionLeases } from '@parley/leases';
import type { MessageLog } from '@parley/message-log';
import type { Store } from '@parley/message-store';
import { type Logger, type Loop, type RedisMemory, startLoop } from '@parley/service-kit';
import { expireGuests } from '../accounts/expire-guests.ts';
import type { ConnectionGate } from '../admission/connection-gate.ts';
import type { Isolation } from '../admission/isolation.ts';
import type { SubscriptionHealth } from '../admission/subscription-health.ts';
import type { MarkerSaver } from '../conversations/marker-saver.ts';
import type { RoomAudit } from '../conversations/room-audit.ts';
import type { HeadAnnouncer } from '../delivery/head-announcer.ts';
import type { SignalDelivery } from '../delivery/signal-delivery.ts';
import type { BackgroundLoopName, ChatServerMetrics } from '../metrics.ts';

const GAUGES_INTERVAL_MS = 2_000;
/** In the meantime, senders add at most a few megabytes. */
const REDIS_MEMORY_INTERVAL_MS = 500;
const HEADS_INTERVAL_MS = 5_000;
const ROOMS_INTERVAL_MS = 1_000;
const PARTITIONS_INTERVAL_MS = 5_000;
const SUBSCRIPTION_INTERVAL_MS = 500;
const ISOLATION_INTERVAL_MS = 250;
const SLOW_CONSUMERS_INTERVAL_MS = 250;
const PENDING_CONNECTIONS_INTERVAL_MS = 500;
/** Read markers reach the store within 5 s, one failed write included. */
const MARKERS_INTERVAL_MS = 2_000;
const TYPING_INTERVAL_MS = 1_000;
const HOUSEKEEPING_INTERVAL_MS = 3_600_000;

interface Parts {
  readonly leases: SessionLeases;
  readonly log: MessageLog;
  readonly memory: RedisMemory;
  readonly heads: HeadAnnouncer;
  readonly roomAudit: RoomAudit;
  readonly health: SubscriptionHealth;
  readonly isolation: Isolation;
  readonly signalDelivery: SignalDelivery;
  /** Resolves to how many sessions were ended. */
  readonly disconnectSlowConsumers: () => Promise<number>;
  readonly gate: ConnectionGate;
  readonly markerSaver: MarkerSaver;
  readonly store: Store;
  /** A guest that does not sign in for this time expires. */
  readonly guestTtlMs: number;
  readonly metrics: ChatServerMetrics;
  readonly logger: Logger;
}

/** Starts the periodic tasks of a chat server. */
export function startBackgroundLoops(parts: Parts): Loop {
  const { leases, log, memory, heads, roomAudit, health, isolation, signalDelivery } = parts;
  const { disconnectSlowConsumers, gate, markerSaver, store, guestTtlMs, metrics, logger } = parts;
  const loop = (name: BackgroundLoopName, everyMs: number, round: () => Promise<void>): Loop =>
    startLoop(name, round, {
      everyMs,
      logger,
      onError: () => metrics.chat_background_errors_total.inc({ loop: name }),
    });
  const loops = [
    loop('gauges', GAUGES_INTERVAL_MS, async () => {
      const [{ held, waiting }, inProcess, holders] = await Promise.all([
        leases.count(),
        log.countInProcess(),
        log.holders(),
      ]);
      metrics.chat_session_leases.set(held);
      metrics.chat_waiting.set(waiting);
      metrics.chat_in_process.set(inProcess);
      for (const kind of ['sender', 'conversation'] as const) {
        metrics.chat_cluster_in_process_holders.set({ of: kind }, holders[kind].count);
        metrics.chat_cluster_in_process_largest.set({ of: kind }, holders[kind].largest);
      }
    }),
    loop('redis-memory', REDIS_MEMORY_INTERVAL_MS, async () => {
      const wasNearLimit = memory.isNearLimit;
      await memory.poll();
      const { usedBytes, limitBytes } = memory.usage;
      metrics.chat_cluster_redis_memory_bytes.set(usedBytes);
      metrics.chat_cluster_redis_memory_limit_bytes.set(limitBytes);
      if (memory.isNearLimit && !wasNearLimit)
        logger.warn({ usedBytes, limitBytes }, 'Redis is near its memory limit: sends get BUSY');
      else if (wasNearLimit && !memory.isNearLimit)
        logger.info({ usedBytes, limitBytes }, 'Redis has free memory again');
    }),
    loop('partitions', PARTITIONS_INTERVAL_MS, async () => {
      metrics.chat_partitions_without_worker.set((await log.checkPartitions()).withoutWorker);
    }),
    loop('heads', HEADS_INTERVAL_MS, async () => roomAudit.noteVersions(await heads.announce())),
    loop('rooms', ROOMS_INTERVAL_MS, () => roomAudit.round()),
    loop('hearing', SUBSCRIPTION_INTERVAL_MS, async () => {
      if (await health.check()) metrics.chat_subscriber_replaced_total.inc();
    }),
    loop('isolation', ISOLATION_INTERVAL_MS, () => isolation.round()),
    loop('markers', MARKERS_INTERVAL_MS, () => markerSaver.save()),
    loop('typing', TYPING_INTERVAL_MS, async () => signalDelivery.expireTyping()),
    loop('slow-consumers', SLOW_CONSUMERS_INTERVAL_MS, async () => {
      metrics.chat_slow_consumers_total.inc(await disconnectSlowConsumers());
    }),
    loop('pending-connections', PENDING_CONNECTIONS_INTERVAL_MS, () => gate.terminateOverdue()),
    loop('housekeeping', Math.min(HOUSEKEEPING_INTERVAL_MS, guestTtlMs), async () => {
      await store.refreshTokens.deleteExpired(Date.now());
      metrics.chat_guests_expired_total.inc(await expireGuests(store.users, guestTtlMs));
    }),
  ];
  return {
    async stop() {
      await Promise.all(loops.map((running) => running.stop()));
    },
  };
}
