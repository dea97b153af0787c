import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { withDeadline } from './deadline.ts';
import type { Logger } from './logger.ts';
import type { RedisConnection } from './redis-connection.ts';

/** What a connection is for; a kind of use has a kind of patience. */
export type RedisRole =
  /** Short commands and scripts, each with a deadline; fails at once while Redis is away. */
  | 'command'
  /** `XREADGROUP BLOCK` and the like: waits long, one caller. */
  | 'blocking'
  /** Socket.IO's adapter and emitter, which drop their promises: retries for ever, never rejects. */
  | 'patient';

/** The longest that a single Redis command may take. */
export const COMMAND_TIMEOUT_MS = 2_000;

/** How long a connection gives each of its commands; one that gives them for ever counts as giving as long as others. */
export function commandTimeoutOf(redis: RedisConnection): number {
  const options = redis instanceof Cluster ? redis.options.redisOptions : redis.options;
  return options?.commandTimeout ?? COMMAND_TIMEOUT_MS;
}

const reconnectDelayMs = (attempts: number) =>
  Math.min(1_000, 25 * 2 ** Math.min(attempts, 6)) * (0.5 + Math.random() / 2);

const OPTIONS: Record<RedisRole, RedisOptions> = {
  command: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
  },
  blocking: { enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: COMMAND_TIMEOUT_MS },
  patient: { maxRetriesPerRequest: null, connectTimeout: COMMAND_TIMEOUT_MS },
};

/**
 * Opens a connection that reconnects by itself. Resolves when it is first ready; while Redis is away it keeps trying
 * until `signal` aborts.
 *
 * @param url `redis://`, `rediss://`, `redis+sentinel://h:p,h:p/master` or `redis+cluster://h:p,h:p`
 */
export async function connectRedis(
  url: string,
  role: RedisRole,
  options: { logger: Logger; connectionName: string },
): Promise<RedisConnection> {
  const redis = createClient(url, {
    ...OPTIONS[role],
    connectionName: options.connectionName,
    retryStrategy: reconnectDelayMs,
    lazyConnect: true,
  });
  let reported = false;
  redis.on('error', (error: Error) => {
    if (reported) return;
    reported = true;
    options.logger.warn({ connection: options.connectionName, err: error }, 'Redis connection lost');
  });
  const ready = new Promise<void>((resolve) => {
    redis.on('ready', () => {
      if (reported) options.logger.info({ connection: options.connectionName }, 'Redis connection is back');
      reported = false;
      resolve();
    });
  });
  // The first attempt may fail; the retry strategy carries on, and `ready` says when one succeeds.
  redis.connect().catch(() => undefined);
  await ready;
  return redis;
}

function createClient(url: string, options: RedisOptions): RedisConnection {
  const [scheme = '', rest = ''] = url.split('://', 2);
  if (scheme === 'redis+cluster') {
    const { lazyConnect, retryStrategy, enableOfflineQueue, ...redisOptions } = options;
    return new Cluster(hostsOf(rest), {
      redisOptions,
      lazyConnect: lazyConnect ?? false,
      enableOfflineQueue: enableOfflineQueue ?? true,
      clusterRetryStrategy: reconnectDelayMs,
    });
  }
  if (scheme === 'redis+sentinel') {
    const [hosts = '', name = 'mymaster'] = rest.split('/', 2);
    return new Redis({ ...options, sentinels: hostsOf(hosts), name, sentinelRetryStrategy: reconnectDelayMs });
  }
  return new Redis(url, options);
}

const hostsOf = (list: string) =>
  list.split(',').map((entry) => {
    const [host = '127.0.0.1', port = '6379'] = entry.split(':', 2);
    return { host, port: Number(port) };
  });

/** @returns why no Redis answers at this address; undefined = one does */
export async function whyRedisIsAway(url: string, deadlineMs: number): Promise<string | undefined> {
  const redis = createClient(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  let reason: string | undefined;
  redis.on('error', (error: Error) => {
    reason = error.message;
  });
  try {
    await withDeadline(
      redis.connect().then(() => redis.ping()),
      deadlineMs,
      'PING',
    );
    return undefined;
  } catch (error) {
    return reason ?? String(error);
  } finally {
    redis.disconnect();
  }
}

/** Whether this connection can carry a command right now. */
export const isRedisReady = (redis: RedisConnection): boolean => redis.status === 'ready';

/** Replies by which Redis says that it can't carry out a command for now. */
const AWAY_REPLY = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|OOM|MISCONF|BUSY|UNBLOCKED)\b/;

/** What ioredis says when there is no connection, or no answer in time. */
const AWAY_MESSAGE =
  /isn't writeable|Command timed out|Connection is closed|Socket timeout|ClusterAllFailed|None of startup nodes/i;

/** Whether a command failed because Redis is away, slow or not writable now, rather than because the command is wrong. */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (['MaxRetriesPerRequestError', 'AbortError', 'ClusterAllFailedError'].includes(error.name)) return true;
  if ('code' in error && ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(String(error.code))) return true;
  return AWAY_REPLY.test(error.message) || AWAY_MESSAGE.test(error.message);
}
