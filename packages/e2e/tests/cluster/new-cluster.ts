import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type LocalCluster, type LocalClusterOptions, startLocalCluster } from '@parley/local-cluster';
import { atFileEnd, callRestOnce, freePort, newTemporaryDirectory } from '@parley/testing';
import { Redis } from 'ioredis';
import { SignJWT } from 'jose';

export interface TestCluster extends LocalCluster {
  /** A client of the cluster's Redis. Do not use it if the settings have a `REDIS_URL` of a Sentinel set or a Redis Cluster. */
  readonly redis: Redis;
  /** Makes the store slow: all writers wait until the returned function is called. */
  lockStore(): () => void;
  /** Returns the number of stored messages. */
  storedMessages(): number;
  /** Returns an access token that expires after some seconds. */
  tokenValidFor(userId: string, seconds: number): Promise<string>;
  /** Refreshes a login without a retry: a refused refresh may have used up its cookie. */
  refresh(cookie: string): Promise<void>;
  logFiles(): string[];
  /** Returns the holder of each session slot, by user id. */
  slotHolders(): Promise<Map<string, { node: string; token: string }>>;
}

/**
 * Starts a cluster as `npm start` does, with its own Redis, nginx and data, and SQLite as store. It is stopped when the test file
 * ends. A file that changes no processes or settings uses `sharedCluster` instead.
 */
export async function newCluster(
  settings: Record<string, string | number>,
  options: Pick<LocalClusterOptions, 'envOf'> = {},
): Promise<TestCluster> {
  const dataDir = await newTemporaryDirectory();
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(await freePort()),
    DATA_DIR: dataDir,
    LOG_LEVEL: 'debug',
    // Off by default: on a slow machine a client may send nothing for a minute.
    FIRST_MESSAGE_DEADLINE_MS: '0',
  };
  for (const [name, value] of Object.entries(settings)) env[name] = String(value);
  const cluster = await startLocalCluster({ env, ...options });
  atFileEnd(() => cluster.stop());
  const historyFile = join(dataDir, 'history.sqlite');

  const redis = env.REDIS_URL ? new Redis({ lazyConnect: true }) : new Redis(cluster.redisUrl);
  atFileEnd(() => redis.disconnect());

  return {
    ...cluster,
    redis,
    async slotHolders() {
      const holders = await redis.hgetall('parley:{sessions}:holders');
      return new Map(Object.entries(holders).map(([userId, record]) => [userId, JSON.parse(record)]));
    },
    lockStore() {
      const database = new DatabaseSync(historyFile, { timeout: 30_000 });
      database.exec('BEGIN IMMEDIATE');
      return () => {
        database.exec('ROLLBACK');
        database.close();
      };
    },
    storedMessages() {
      const database = new DatabaseSync(historyFile, { readOnly: true, timeout: 30_000 });
      const { count } = database.prepare('SELECT count(*) AS count FROM messages').get() as { count: number };
      database.close();
      return count;
    },
    tokenValidFor(userId, seconds) {
      return new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer('parley')
        .setAudience('parley')
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime(`${seconds} seconds`)
        .sign(new TextEncoder().encode(cluster.jwtSecret));
    },
    async refresh(cookie) {
      const { status } = await callRestOnce(cluster.url, 'POST', '/api/auth/refresh', { cookie });
      if (status !== 200) throw new Error(`not refreshed: ${status}`);
    },
    logFiles: () => readdirSync(join(dataDir, 'logs')).map((name) => join(dataDir, 'logs', name)),
  };
}
