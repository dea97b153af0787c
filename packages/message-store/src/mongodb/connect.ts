import { type Db, MongoClient, ReadConcern, ReadPreference, WriteConcern } from 'mongodb';
import { SERVER_DEADLINE_MS } from './deadlines.ts';

const DEFAULT_DATABASE = 'parley';

/**
 * A client and its database: reads come from the primary and are what a majority has, writes are in the journals of a
 * majority, since anything less can be lost to a failover. What hangs is cut, so that a server that is away does not keep the
 * connections of the pool. The client connects with the first command.
 */
export function connect(url: string, deadlineMs: number): { client: MongoClient; database: Db } {
  const client = new MongoClient(url, {
    appName: 'parley',
    serverSelectionTimeoutMS: deadlineMs,
    connectTimeoutMS: deadlineMs,
    socketTimeoutMS: deadlineMs,
    waitQueueTimeoutMS: deadlineMs,
    maxPoolSize: 20,
  });
  // Set here and not on the client, where parts of the URL would win.
  const database = client.db(databaseNameOf(url), {
    readPreference: ReadPreference.primary,
    readConcern: new ReadConcern('majority'),
    writeConcern: new WriteConcern('majority', SERVER_DEADLINE_MS, true),
  });
  return { client, database };
}

/** The path of the URL, which may name many hosts, so that no URL parser takes it. */
function databaseNameOf(url: string): string {
  const name = /^[^:]+:\/\/[^/?]+\/([^?]+)/.exec(url)?.[1];
  return name ? decodeURIComponent(name) : DEFAULT_DATABASE;
}
