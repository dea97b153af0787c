import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, readMongodbStore, readSqliteStore } from '@parley/load-kit/cluster';
import type { RecordedMessage } from '@parley/load-kit/events';
import type { FaultTarget } from '@parley/load-kit/faults';
import { ClientLink, clientLinkTarget, clusterProcessTarget, sqliteStoreTarget } from '@parley/load-kit/faults';
import { type LocalCluster, type ProcessEntry, startLocalCluster } from '@parley/local-cluster';
import { ConfigError } from '@parley/service-kit';
import { MongoClient } from 'mongodb';
import { MongodbServer, runningMongodbTarget } from './faults/mongodb-server.ts';
import { startLinks } from './faults/start-links.ts';

export const NODES = 3;
export const WORKERS = 2;
export const MAX_CLIENTS = 50;
export const MAX_IN_PROCESS = 500;
const SESSION_TTL_MS = 5_000;

/** A cluster of its own, in a directory of its own, with the ways in which its parts can fail. */
export interface TestBed {
  /** Where clients connect. */
  readonly url: string;
  /** Redis itself, past any broken link. */
  readonly redisUrl: string;
  /** Everything that it leaves behind: data, logs. */
  readonly directory: string;
  readonly faultTargets: readonly FaultTarget[];
  /** What is up right now. */
  processes(): readonly ProcessEntry[];
  readStore(): Promise<RecordedMessage[]>;
  stop(): Promise<void>;
}

/** @param mongodbCommand starts the server of `MONGODB_URL` */
export async function startTestBed(options: {
  mongodbCommand: string | undefined;
  report: (line: string) => void;
  signal: AbortSignal;
}): Promise<TestBed> {
  const { mongodbCommand, report, signal } = options;
  const { MONGODB_URL, MONGODB_PID } = process.env;
  if (mongodbCommand && !MONGODB_URL)
    throw new ConfigError('--mongodb-command needs MONGODB_URL, where it will answer');
  const directory = await mkdtemp(join(tmpdir(), 'parley-chaos-'));
  const mongodbUrl = MONGODB_URL ? withDatabase(MONGODB_URL, `parley-chaos-${Date.now()}`) : undefined;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let next = stops.pop(); next; next = stops.pop()) {
      await next().catch((error) => report(`not everything was stopped: ${(error as Error).message}`));
    }
  };
  try {
    const stores: FaultTarget[] = [];
    if (mongodbUrl && mongodbCommand) {
      const server = new MongodbServer(mongodbCommand);
      stops.push(() => server.stop());
      await server.start(mongodbUrl, signal);
      stores.push(server.faultTarget);
    } else if (mongodbUrl) {
      if (MONGODB_PID) stores.push(runningMongodbTarget(Number(MONGODB_PID)));
      else report('MongoDB is left alone: give --mongodb-command or MONGODB_PID to let it fail, too');
    }
    if (mongodbUrl) stops.push(() => dropDatabase(mongodbUrl));
    const links = await startLinks({ directory: join(directory, 'redis'), mongodbUrl, report });
    stops.push(() => links.stop());

    const port = await freePort();
    const cluster = await startLocalCluster({
      signal,
      report,
      env: {
        ...process.env,
        PORT: String(port),
        BIND_ADDRESS: 'localhost',
        NODE_ENV: '',
        DATA_DIR: join(directory, 'data'),
        NODES: String(NODES),
        WORKERS: String(WORKERS),
        MAX_CLIENTS: String(MAX_CLIENTS),
        MAX_IN_PROCESS: String(MAX_IN_PROCESS),
        SESSION_TTL_MS: String(SESSION_TTL_MS),
        ALLOW_GUESTS: 'true',
        REDIS_URL: links.redis?.url,
        MONGODB_URL: links.mongodbUrl,
      },
    });
    stops.push(() => cluster.stop());
    const link = await ClientLink.open(port);
    stops.push(() => link.close());
    if (!mongodbUrl) stores.push(sqliteStoreTarget(cluster.dataDir));
    return {
      url: link.url,
      redisUrl: links.redis?.directUrl ?? cluster.redisUrl,
      directory,
      faultTargets: [...processes(cluster), clientLinkTarget(link), ...stores, ...links.faultTargets],
      processes: () => cluster.processes(),
      readStore: async () => (mongodbUrl ? readMongodbStore(mongodbUrl) : readSqliteStore(cluster.dataDir)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const processes = (cluster: LocalCluster): FaultTarget[] =>
  cluster
    .processes()
    .map(({ name }) => clusterProcessTarget(cluster, name))
    .sort((a, b) => a.name.localeCompare(b.name));

/** The URL with another database; who logs in still does so where the URL said. */
function withDatabase(url: string, database: string): string {
  const [, hosts = '', path = '', query = ''] = /^([^:]+:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  if (hosts.includes('@') && !parameters.has('authSource')) parameters.set('authSource', path || 'admin');
  return `${hosts}/${database}${parameters.size > 0 ? `?${parameters}` : ''}`;
}

async function dropDatabase(url: string): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2_000 });
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}
