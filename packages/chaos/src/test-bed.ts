import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMongodbStore, readSqliteStore, startTestCluster } from '@parley/load-kit/cluster';
import type { RecordedMessage } from '@parley/load-kit/events';
import type { FaultTarget } from '@parley/load-kit/faults';
import { clientLinkTarget, clusterProcessTarget, NetworkLink, sqliteStoreTarget } from '@parley/load-kit/faults';
import { type LocalCluster, LogFiles, type ProcessEntry, startProcessGuard } from '@parley/local-cluster';
import { ConfigError } from '@parley/service-kit';
import { MongoClient } from 'mongodb';
import { MongodbServer, runningMongodbTarget } from './faults/mongodb-server.ts';
import { startLinks } from './faults/start-links.ts';

const NODES = 3;
const WORKERS = 2;
export const MAX_CLIENTS = 50;
export const MAX_IN_PROCESS = 500;
const SESSION_TTL_MS = 5_000;

/** A cluster for one run, with its own directory and the fault targets of all its parts. */
export interface TestBed {
  /** The address for clients. */
  readonly url: string;
  /** Redis, bypassing any faulty link. */
  readonly redisUrl: string;
  /** Data and logs. */
  readonly directory: string;
  readonly faultTargets: readonly FaultTarget[];
  /** The processes that are running now. */
  processes(): readonly ProcessEntry[];
  readStore(): Promise<RecordedMessage[]>;
  stop(): Promise<void>;
}

/**
 * Starts a test bed.
 *
 * @param mongodbCommand command line that starts the server of `MONGODB_URL`
 */
export async function startTestBed(options: {
  mongodbCommand: string | undefined;
  report: (line: string) => void;
  signal: AbortSignal;
}): Promise<TestBed> {
  const { mongodbCommand, report, signal } = options;
  const { MONGODB_URL, MONGODB_PID } = process.env;
  if (mongodbCommand && !MONGODB_URL)
    throw new ConfigError('--mongodb-command needs MONGODB_URL, the URL of the server that it starts');
  const directory = await mkdtemp(join(tmpdir(), 'parley-chaos-'));
  const mongodbUrl = MONGODB_URL ? withDatabase(MONGODB_URL, `parley-chaos-${Date.now()}`) : undefined;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let next = stops.pop(); next; next = stops.pop()) {
      await next().catch((error) => report(`failed to stop a part of the test bed: ${(error as Error).message}`));
    }
  };
  try {
    await mkdir(join(directory, 'logs'));
    const logs = new LogFiles(join(directory, 'logs'), (error) => report(`failed to rotate logs: ${error}`));
    stops.push(() => logs.close());
    const guard = startProcessGuard();
    stops.push(async () => guard.close());
    const supervision = { logs, guard, report, changed: () => undefined };
    const stores: FaultTarget[] = [];
    if (mongodbUrl && mongodbCommand) {
      const server = new MongodbServer(mongodbCommand);
      stops.push(() => server.stop());
      await server.start(mongodbUrl, supervision, signal);
      stores.push(server.faultTarget);
    } else if (mongodbUrl) {
      if (MONGODB_PID) stores.push(runningMongodbTarget(Number(MONGODB_PID)));
      else report('no faults in MongoDB: set --mongodb-command or MONGODB_PID to include it');
    }
    if (mongodbUrl) stops.push(() => dropDatabase(mongodbUrl));
    const links = await startLinks({ directory, mongodbUrl, supervision, report });
    stops.push(() => links.stop());

    const cluster = await startTestCluster({
      directory,
      signal,
      report,
      settings: {
        NODES: String(NODES),
        WORKERS: String(WORKERS),
        MAX_CLIENTS: String(MAX_CLIENTS),
        MAX_IN_PROCESS: String(MAX_IN_PROCESS),
        SESSION_TTL_MS: String(SESSION_TTL_MS),
        REDIS_URL: links.redis?.url,
        MONGODB_URL: links.mongodbUrl,
      },
    });
    stops.push(() => cluster.stop());
    const link = await NetworkLink.open({ host: '127.0.0.1', port: cluster.port });
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

/** Returns the URL with another database. The authentication database stays the same. */
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
