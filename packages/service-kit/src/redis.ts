import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { withDeadline } from './deadline.ts';
import type { Logger } from './logger.ts';

/** A connection to a single Redis, a Sentinel set's master or a Redis Cluster. */
export type RedisConnection = Redis | Cluster;

/** How a connection treats commands that Redis does not answer. */
export type RedisRole =
  /** For short commands and scripts: each has a deadline, and fails at once while Redis is unavailable. */
  | 'command'
  /** For `XREADGROUP BLOCK` and similar: no deadline, fails at once while Redis is unavailable. One caller at a time. */
  | 'blocking'
  /**
   * For subscribers, and for Socket.IO's adapter and emitter, which drop their promises: no deadline. Commands wait until Redis
   * is available again and never reject, because an unhandled rejection would end the process.
   */
  | 'no-deadline';

/** The deadline of a single Redis command. */
export const COMMAND_TIMEOUT_MS = 2_000;

/** Returns the deadline of a connection's commands; for a connection without one, the default. */
export function commandTimeoutOf(redis: RedisConnection): number {
  const options = redis instanceof Cluster ? redis.options.redisOptions : redis.options;
  return options?.commandTimeout ?? COMMAND_TIMEOUT_MS;
}

/** A shorter backoff than that of the loops: a reconnect costs little, and everything waits for it. */
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
  'no-deadline': { maxRetriesPerRequest: null, connectTimeout: COMMAND_TIMEOUT_MS },
};

/**
 * Opens a connection that reconnects automatically. Resolves when it is ready for the first time, and keeps trying while
 * Redis is unavailable.
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
      if (reported) options.logger.info({ connection: options.connectionName }, 'Redis connection restored');
      reported = false;
      resolve();
    });
  });
  // The first attempt may fail: the retry strategy makes further ones until the connection is ready.
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

/** Pings the Redis at a URL. @returns the reason when it does not answer, otherwise undefined */
export async function redisUnavailableReason(url: string, deadlineMs: number): Promise<string | undefined> {
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

/** Whether the connection is established and can send commands. */
export const isRedisReady = (redis: RedisConnection): boolean => redis.status === 'ready';

/** Error replies of a Redis that cannot execute commands for the moment. */
const UNAVAILABLE_REPLY = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|OOM|MISCONF|BUSY|UNBLOCKED)\b/;

/** Whether Redis refused a command or a transaction because its memory is full. */
export function isRedisOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const previous = 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
  return /^OOM\b/.test(error.message) || previous.some(isRedisOutOfMemory);
}

/** Errors of ioredis when there is no connection, or no reply within the deadline. */
const UNAVAILABLE_MESSAGE =
  /isn't writeable|Command timed out|Connection is closed|Socket timeout|ClusterAllFailed|None of startup nodes/i;

/** Whether a command failed because Redis is unavailable, too slow or not writable, not because the command is wrong. */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (['MaxRetriesPerRequestError', 'AbortError', 'ClusterAllFailedError'].includes(error.name)) return true;
  if ('code' in error && ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(String(error.code))) return true;
  return UNAVAILABLE_REPLY.test(error.message) || UNAVAILABLE_MESSAGE.test(error.message);
}
