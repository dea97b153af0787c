import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type LocalCluster, startLocalCluster } from '@parley/local-cluster';
import { atFileEnd, callRestOnce, freePort, newTemporaryDirectory } from '@parley/testing';
import { Redis } from 'ioredis';
import { SignJWT } from 'jose';

export interface TestCluster extends LocalCluster {
  /** A client of the cluster's Redis, for questions. */
  readonly redis: Redis;
  /** Keeps every writer of the history store waiting until the function that it gives is called: a slow store. */
  lockStore(): () => void;
  /** How many messages are in the history store. */
  storedMessages(): number;
  /** An access token that is good for some seconds only. */
  shortToken(userId: string, seconds: number): Promise<string>;
  /** Asks once: whether a refresh that was refused has used its cookie up nobody can tell. */
  refresh(cookie: string): Promise<void>;
  logFiles(): string[];
  /** Who holds a place, by user. */
  ledger(): Promise<Map<string, { node: string; token: string }>>;
}

/**
 * Starts a whole cluster as `npm start` does, called at the top level of a test file, on a free port with its own
 * Redis, nginx and data; it ends with the file. History is in SQLite.
 */
export async function newCluster(settings: Record<string, string | number>): Promise<TestCluster> {
  const dataDir = await newTemporaryDirectory();
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(await freePort()),
    DATA_DIR: dataDir,
    LOG_LEVEL: 'debug',
    // Off unless a test is about it: on a slow machine a peer may be silent for a minute.
    FIRST_MESSAGE_DEADLINE_MS: '0',
  };
  for (const [name, value] of Object.entries(settings)) env[name] = String(value);
  const cluster = await startLocalCluster({ env });
  atFileEnd(() => cluster.stop());
  const historyFile = join(dataDir, 'history.sqlite');

  const redis = new Redis(cluster.redisUrl);
  atFileEnd(() => redis.disconnect());

  return {
    ...cluster,
    redis,
    async ledger() {
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
    shortToken(userId, seconds) {
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
