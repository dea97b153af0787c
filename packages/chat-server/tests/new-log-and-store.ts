import { createRedisMessageLog, type MessageLog } from '@parley/message-log';
import { openSqliteStore, type Store } from '@parley/message-store';
import { connectRedis, type RedisConnection, silentLogger } from '@parley/service-kit';
import {
  atFileEnd,
  newRedis,
  newTemporaryDirectory,
  type TestRedis,
  WITHOUT_STORE_DEADLINES,
  withoutCommandDeadline,
} from '@parley/testing';

export interface LogAndStore {
  readonly redis: TestRedis;
  readonly connection: RedisConnection;
  readonly log: MessageLog;
  readonly store: Store;
}

/** Opens a message log on a Redis of its own and an SQLite store that it initialises heads from. Both end with the test file. */
export async function newLogAndStore({ maxInProcess = 500 } = {}): Promise<LogAndStore> {
  const logger = silentLogger();
  const redis = await newRedis();
  const store = await openSqliteStore({ dataDir: await newTemporaryDirectory(), logger, ...WITHOUT_STORE_DEADLINES });
  atFileEnd(() => store.close());
  const connection = withoutCommandDeadline(
    await connectRedis(redis.url, 'command', { logger, connectionName: 'log-and-store' }),
  );
  atFileEnd(() => connection.disconnect());
  return {
    redis,
    connection,
    store,
    log: createRedisMessageLog(connection, { maxInProcess, stored: store.messages, sentMessages: store.messages }),
  };
}
