import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { ConfigError } from './config.ts';
import { withDeadline } from './deadline.ts';
import type { Logger } from './logger.ts';
import { anyNodeRoute, clusterNodeRoute, nodesOfSlots } from './redis/cluster-nodes.ts';
import { COMMAND_TIMEOUT_MS, guardConnection, onClosed } from './redis/connection-guard.ts';
import { connectorFor, type Route } from './redis/connectors.ts';
import { reconnectDelayMs } from './redis/reconnect-delay.ts';
import { isSameEndpoint, loginOf, parseRedisUrl, type RedisTarget } from './redis/redis-url.ts';
import { Sentinels } from './redis/sentinels.ts';

export { COMMAND_TIMEOUT_MS } from './redis/connection-guard.ts';

/** A connection to a single Redis, a Sentinel set's master or a Redis Cluster. */
export type RedisConnection = Redis | Cluster;

/** How a connection treats commands that Redis does not answer. */
export type RedisRole =
  /** For short commands and scripts: each has a deadline, and fails at once while Redis is unavailable. */
  | 'command'
  /** For `XREADGROUP BLOCK` with at most `MAX_BLOCK_MS`: fails at once while Redis is unavailable. One caller at a time. */
  | 'blocking'
  /**
   * For publishers and subscribers, and for Socket.IO's adapter and emitter, which drop their promises: no deadline. Commands wait
   * until Redis is available again and never reject, because an unhandled rejection would end the process. In a Cluster it is
   * one connection to any node.
   */
  | 'no-deadline';

/** The longest time for which a command may block a connection. */
export const MAX_BLOCK_MS = 1_000;

/** Returns the deadline of a connection's commands; for a connection without one, the default. */
export function commandTimeoutOf(redis: RedisConnection): number {
  const options = redis instanceof Cluster ? redis.options.redisOptions : redis.options;
  return options?.commandTimeout ?? COMMAND_TIMEOUT_MS;
}

/** A Cluster reads its slots at least so often, and when it has lost a node. */
const SLOTS_REFRESH_INTERVAL_MS = 5_000;

/** After this time without an answer the next node is asked for the slots. */
const SLOTS_REFRESH_TIMEOUT_MS = 500;

/** How often a connection asks a Redis that loads its data whether it has finished. Each answer confirms the connection. */
const LOADING_RETRY_MS = 500;

const COMMON_OPTIONS: RedisOptions = {
  lazyConnect: true,
  retryStrategy: reconnectDelayMs,
  maxLoadingRetryTime: LOADING_RETRY_MS,
};

const OPTIONS: Record<RedisRole, RedisOptions> = {
  command: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: COMMAND_TIMEOUT_MS },
  blocking: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: MAX_BLOCK_MS + COMMAND_TIMEOUT_MS },
  'no-deadline': { maxRetriesPerRequest: null },
};

/**
 * Opens a connection that reconnects automatically. Resolves when it is ready for the first time, and keeps trying while
 * Redis is unavailable. A connection that does not answer is dropped, and no reply of a replaced master counts: see
 * `guardConnection`.
 *
 * @param url as in `REDIS_URL`, see `parseRedisUrl`
 */
export async function connectRedis(
  url: string,
  role: RedisRole,
  options: { logger: Logger; connectionName: string },
): Promise<RedisConnection> {
  const { logger, connectionName } = options;
  const redis = createClient(
    targetOf(url),
    role,
    { connectionName },
    {
      dropped: (reason) => logger.warn({ connection: connectionName, reason }, 'dropping a Redis connection'),
      // Every process has one of this role, and one warning is enough.
      weak: (warning) => role === 'command' && logger.warn(warning),
    },
  );
  let reported = false;
  redis.on('error', (error: Error) => {
    if (reported) return;
    reported = true;
    logger.warn({ connection: connectionName, err: error }, 'Redis connection lost');
  });
  const ready = new Promise<void>((resolve) => {
    redis.on('ready', () => {
      if (reported) logger.info({ connection: connectionName }, 'Redis connection restored');
      reported = false;
      resolve();
    });
  });
  // The first attempt may fail: the retry strategy makes further ones until the connection is ready.
  redis.connect().catch(() => undefined);
  await ready;
  return redis;
}

function targetOf(url: string): RedisTarget {
  const target = parseRedisUrl(url);
  // The schema of the settings has checked it, so this is a fault of the caller. The URL may contain a password.
  if (!target) throw new ConfigError('REDIS_URL is not valid');
  return target;
}

interface ConnectionReports {
  dropped(reason: string): void;
  /** A setting is weaker than the promises need. */
  weak(warning: string): void;
}

const NO_REPORTS: ConnectionReports = { dropped: () => undefined, weak: () => undefined };

function createClient(
  target: RedisTarget,
  role: RedisRole,
  options: RedisOptions,
  reports = NO_REPORTS,
): RedisConnection {
  const redisOptions = { ...COMMON_OPTIONS, ...OPTIONS[role], ...loginOf(target), ...options };
  switch (target.kind) {
    case 'cluster':
      return role === 'no-deadline'
        ? createAnyNodeClient(target, redisOptions, reports)
        : createClusterClient(target, redisOptions, reports);
    case 'sentinel':
      return createSentinelClient(target, redisOptions, reports, role);
    case 'single':
      return createGuardedRedis({ choose: async () => target.endpoints[0] }, target, redisOptions, { role, reports })
        .redis;
  }
}

function createGuardedRedis(
  route: Route,
  target: RedisTarget,
  options: RedisOptions,
  { role, reports }: { role: RedisRole; reports: ConnectionReports },
) {
  const redis = new Redis({ ...options, db: target.database, Connector: connectorFor(route, target.isTls) });
  const guard = guardConnection(redis, {
    dropsLateReplies: role !== 'no-deadline',
    dropped: reports.dropped,
  });
  return { redis, guard };
}

function createSentinelClient(
  target: RedisTarget,
  options: RedisOptions,
  reports: ConnectionReports,
  role: RedisRole,
): Redis {
  const sentinels = new Sentinels(target, {
    replaced: () => guard.drop('its master is being replaced'),
    warn: reports.weak,
  });
  const route: Route = {
    role: 'master',
    choose: () => sentinels.master(),
    async confirm(endpoint) {
      // Asked again, because the server has answered only now: a frozen one may have been replaced before.
      if (!isSameEndpoint(await sentinels.master(), endpoint)) throw new Error('the master was replaced');
    },
  };
  const { redis, guard } = createGuardedRedis(route, target, options, { role, reports });
  onClosed(redis, () => sentinels.close());
  return redis;
}

function createAnyNodeClient(target: RedisTarget, options: RedisOptions, reports: ConnectionReports): Redis {
  const route = anyNodeRoute(target);
  const { redis } = createGuardedRedis(route, target, options, { role: 'no-deadline', reports });
  redis.on('ready', () => {
    redis.call('CLUSTER', 'SLOTS').then(
      (reply) => route.learn(nodesOfSlots(reply)),
      () => undefined,
    );
  });
  return redis;
}

function createClusterClient(target: RedisTarget, options: RedisOptions, reports: ConnectionReports): Cluster {
  let cluster: Cluster | undefined;
  const route = clusterNodeRoute(target, () => cluster);
  cluster = new Cluster([...target.endpoints], {
    redisOptions: { ...options, Connector: connectorFor(route, target.isTls) },
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
    slotsRefreshTimeout: SLOTS_REFRESH_TIMEOUT_MS,
    // The connections resolve names. Certificates are compared with the name, not with its address.
    dnsLookup: (name, callback) => callback(null, name),
  });
  const connection = cluster;
  connection.on('+node', (node: Redis) => {
    guardConnection(node, { dropsLateReplies: true, dropped: reports.dropped });
  });
  connection.on('-node', () => {
    if (connection.status === 'ready') connection.refreshSlotsCache();
  });
  return connection;
}

/** Pings the Redis at a URL. @returns the reason when it does not answer, otherwise undefined */
export async function redisUnavailableReason(url: string, deadlineMs: number): Promise<string | undefined> {
  const target = targetOf(url);
  // Sentinels and Cluster nodes may need several attempts: one of them may be unreachable, or want another login.
  const redis = createClient(target, 'command', target.kind === 'single' ? { retryStrategy: () => null } : {});
  let reason: string | undefined;
  // A Cluster reports only that all its nodes have failed. Their own errors say why.
  for (const event of ['error', 'node error']) {
    redis.on(event, (error: Error) => {
      if (error.name !== 'ClusterAllFailedError') reason = error.message;
    });
  }
  const answered = new Promise((resolve, reject) => {
    redis.once('ready', () => redis.ping().then(resolve, reject));
    redis.once('end', () => reject(new Error('Connection is closed.')));
  });
  redis.connect().catch(() => undefined);
  try {
    await withDeadline(answered, deadlineMs, 'PING');
    return undefined;
  } catch (error) {
    return reason ?? String(error);
  } finally {
    redis.disconnect();
  }
}

/** Returns the servers that a connection uses: the nodes of a Cluster with this role, otherwise the one server. */
export const serversOf = (redis: RedisConnection, role: 'master' | 'all' = 'master'): Redis[] =>
  redis instanceof Cluster ? redis.nodes(role) : [redis];

/** Whether the connection is established and can send commands. */
export const isRedisReady = (redis: RedisConnection): boolean => redis.status === 'ready';

/** Error replies of a Redis that cannot execute commands for the moment. MOVED and ASK: the slots of a Cluster are changing. */
const UNAVAILABLE_REPLY =
  /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|OOM|MISCONF|BUSY|UNBLOCKED|MOVED|ASK)\b/;

/** Whether Redis refused a command or a transaction because its memory is full. */
export function isRedisOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const previous = 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
  return /^OOM\b/.test(error.message) || previous.some(isRedisOutOfMemory);
}

/** Errors of ioredis when there is no connection, or no reply within the deadline. */
const UNAVAILABLE_MESSAGE =
  /isn't writeable|Command timed out|Connection is (closed|aborted|discarded)|Socket timeout|None of startup nodes|Cluster isn't ready|Too many Cluster redirections|Cluster is disconnect|Node is disconnected|same slots allocation group/i;

const UNAVAILABLE_NAMES = ['MaxRetriesPerRequestError', 'AbortError', 'ClusterAllFailedError'];

const UNAVAILABLE_CODES = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'],
  ...['EAI_AGAIN', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'],
];

/** Whether a command failed because Redis is unavailable, too slow or not writable, not because the command is wrong. */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (UNAVAILABLE_NAMES.includes(error.name)) return true;
  if ('code' in error && UNAVAILABLE_CODES.includes(String(error.code))) return true;
  // A transaction fails as a whole. ioredis adds the errors of its commands.
  if (error.message.startsWith('EXECABORT') && 'previousErrors' in error && Array.isArray(error.previousErrors)) {
    return error.previousErrors.some(isRedisUnavailable);
  }
  return UNAVAILABLE_REPLY.test(error.message) || UNAVAILABLE_MESSAGE.test(error.message);
}
