import { type Db, MongoClient, ReadConcern, ReadPreference, WriteConcern } from 'mongodb';
import { SERVER_DEADLINE_MS } from './deadlines.ts';

const DEFAULT_DATABASE = 'parley';

/**
 * Creates a client and its database. Reads use the primary and read concern "majority"; writes are in the journals of a majority,
 * because a failover can lose anything less. Hanging connections are closed, so an unavailable server does not exhaust the pool. The
 * client connects with the first command.
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
  // Set on the database: on the client, options of the URL would take precedence.
  const database = client.db(databaseNameOf(url), {
    readPreference: ReadPreference.primary,
    readConcern: new ReadConcern('majority'),
    writeConcern: new WriteConcern('majority', SERVER_DEADLINE_MS, true),
  });
  return { client, database };
}

/** Returns the path of the URL. URL parsers refuse a URL with many hosts. */
function databaseNameOf(url: string): string {
  const name = /^[^:]+:\/\/[^/?]+\/([^?]+)/.exec(url)?.[1];
  return name ? decodeURIComponent(name) : DEFAULT_DATABASE;
}
