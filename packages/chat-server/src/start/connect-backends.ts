import { createRedisSessionLeases, type SessionLeases } from '@parley/leases';
import { claimPartitions, createRedisMessageLog, type MessageLog } from '@parley/message-log';
import { openStore, type Store } from '@parley/message-store';
import { type createServiceBase, initialLogPartitions, type RedisConnection, RedisMemory } from '@parley/service-kit';
import type { ChatServerConfig } from '../config.ts';
import { EventLoopUtilisation, linearRamp } from '../delivery/event-loop-utilisation.ts';
import { HostCpuUsage } from '../host-cpu-usage.ts';
import type { CHAT_SERVER_METRICS } from '../metrics.ts';
import { shareStore } from './share-store.ts';

/** The longest time for which a busy server collects messages to append them in one call. */
const MAX_APPEND_COLLECT_MS = 15;

/** The time rises from 0 to its maximum within this range of event-loop utilisation. */
const APPEND_EVENT_LOOP_BUSY = [0.15, 0.35] as const;

export type ChatServerBase = ReturnType<typeof createServiceBase<typeof CHAT_SERVER_METRICS>>;

/** The connections to Redis and to the store, and the state that is kept there. */
export interface Backends {
  /** Auto-pipelined commands with a deadline. */
  readonly command: RedisConnection;
  /** Socket.IO's adapter publishes on it. Its commands wait until Redis is available. */
  readonly publisher: RedisConnection;
  /** The subscriptions of the adapter, the fan-out, the signals and the server RPC. */
  readonly subscriber: RedisConnection;
  /** For the limits by address and rate, so that a flood does not delay `command`. */
  readonly limitCounts: RedisConnection;
  readonly store: Store;
  readonly log: MessageLog;
  readonly leases: SessionLeases;
  /** Its owner polls it. */
  readonly memory: RedisMemory;
  readonly utilisation: EventLoopUtilisation;
  readonly hostCpu: HostCpuUsage;
}

/** Connects to Redis and opens the store. The server is ready only while the store is available; `startIsolation` checks Redis. */
export async function connectBackends(base: ChatServerBase, config: ChatServerConfig): Promise<Backends> {
  const fallback = initialLogPartitions(config);
  const [command, publisher, subscriber, limitCounts] = await Promise.all([
    base.connect('command', 'command'),
    base.connect('no-deadline', 'publish'),
    base.connect('no-deadline', 'subscribe'),
    base.connect('command', 'limits'),
  ]);
  const partitions = await claimPartitions(command, { wanted: config.LOG_PARTITIONS, fallback });
  const unshared = await openStore({ mongodbUrl: config.MONGODB_URL, dataDir: config.DATA_DIR, logger: base.logger });
  const store = shareStore(unshared, base.metrics);
  const utilisation = new EventLoopUtilisation();
  const hostCpu = new HostCpuUsage();
  const memory = new RedisMemory(command, { busyPercent: config.REDIS_BUSY_PERCENT });
  const log = createRedisMessageLog(command, {
    memory,
    collectMs: () => MAX_APPEND_COLLECT_MS * linearRamp(utilisation.current, APPEND_EVENT_LOOP_BUSY),
    maxInProcess: config.MAX_IN_PROCESS,
    rate: { perSecond: config.MESSAGES_PER_SECOND, burst: config.MESSAGE_BURST },
    // Callers who need the same head wait for one read. It must not wait in the queue of one of them.
    stored: unshared.messages,
    conversationIdleMs: config.CONVERSATION_IDLE_MS,
    sentMessages: store.messages,
    dedupeExactMs: config.DEDUPE_EXACT_MS,
    dedupeFilterBytes: config.DEDUPE_FILTER_BYTES,
    onStoreAsked: (about) => base.metrics.chat_dedupe_store_queries_total.inc({ about }),
    partitions,
  });
  const leases = createRedisSessionLeases(command, {
    maxClients: config.MAX_CLIENTS,
    sessionTtlMs: config.SESSION_TTL_MS,
    reservedForAccounts: config.RESERVED_FOR_ACCOUNTS,
    clientsPerAddress: config.CLIENTS_PER_ADDRESS,
    idleTimeoutMs: config.IDLE_TIMEOUT_MS,
  });
  base.readiness.require('store', () => store.ping());
  base.readiness.require('partitions', async () => void (await log.checkPartitions()));
  base.readiness.restrict('redis memory', () =>
    memory.isNearLimit ? 'Redis is near its memory limit: sends get BUSY' : undefined,
  );
  return { command, publisher, subscriber, limitCounts, store, log, leases, memory, utilisation, hostCpu };
}
