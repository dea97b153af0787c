import type { RedisServerProcess } from '@parley/testing';
import { atFileEnd, eventually } from '@parley/testing';
import { silentLogger } from '../src/logger.ts';
import { startLoop } from '../src/loop.ts';
import { connectRedis, isRedisUnavailable, MAX_BLOCK_MS, type RedisConnection, type RedisRole } from '../src/redis.ts';

const WRITE_INTERVAL_MS = 5;

export async function connect<Role extends RedisRole>(
  url: string,
  role: Role,
  logger = silentLogger(),
): Promise<RedisConnection> {
  const connection = await connectRedis(url, role, { logger, connectionName: `test:${role}` });
  atFileEnd(() => connection.disconnect());
  return connection;
}

export interface WriteLoad {
  /** The numbers that were acked, with `performance.now()` of the ack. */
  readonly acked: readonly { value: number; at: number }[];
  /** The errors that are not outages. */
  readonly faults: readonly unknown[];
  stop(): Promise<void>;
}

/** Appends 1, 2, 3 … to a list, without waiting for earlier ones and without a retry. */
export async function startWriting(url: string, key: string): Promise<WriteLoad> {
  const command = await connect(url, 'command');
  const acked: { value: number; at: number }[] = [];
  const faults: unknown[] = [];
  const pending = new Set<Promise<void>>();
  let value = 0;
  const timer = setInterval(() => {
    value += 1;
    const written = value;
    const write = command.rpush(key, written).then(
      () => {
        acked.push({ value: written, at: performance.now() });
      },
      (error: unknown) => {
        if (!isRedisUnavailable(error)) faults.push(error);
      },
    );
    pending.add(write);
    void write.finally(() => pending.delete(write));
  }, WRITE_INTERVAL_MS);
  atFileEnd(() => clearInterval(timer));
  return {
    acked,
    faults,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
    },
  };
}

/** Reads a stream as a message worker does, and returns the ids that it has read. */
export async function startReading(url: string, key: string): Promise<{ ids: string[] }> {
  const blocking = await connect(url, 'blocking');
  const ids: string[] = [];
  let last = '0';
  const loop = startLoop(
    'read',
    async () => {
      const reply = await blocking.xread('BLOCK', MAX_BLOCK_MS, 'STREAMS', key, last);
      for (const [id] of reply?.[0]?.[1] ?? []) {
        ids.push(id);
        last = id;
      }
    },
    { everyMs: 0, logger: silentLogger(), maxBackoffMs: 200 },
  );
  atFileEnd(() => {
    blocking.disconnect();
    return loop.stop();
  });
  return { ids };
}

/** Publishes 1, 2, 3 … on one connection, and returns what a subscriber receives. */
export async function startPublishing(
  url: string,
  channel: string,
): Promise<{ received: number[]; sent: () => number }> {
  const [publisher, subscriber] = [await connect(url, 'no-deadline'), await connect(url, 'no-deadline')];
  const received: number[] = [];
  subscriber.on('message', (_channel: string, text: string) => received.push(Number(text)));
  await subscriber.subscribe(channel);
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    void publisher.publish(channel, String(sent));
  }, 20);
  atFileEnd(() => clearInterval(timer));
  return { received, sent: () => sent };
}

/** Resolves to `performance.now()` when the server has become a master. */
export async function promotion(server: RedisServerProcess): Promise<number> {
  await eventually(async () => {
    const info = await server.admin.info('replication');
    if (!info.includes('role:master')) throw new Error(`${server.name} is a replica`);
  });
  return performance.now();
}
