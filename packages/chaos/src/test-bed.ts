import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMongodbStore, readSqliteStore, startTestCluster } from '@parley/load-kit/cluster';
import type { RecordedMessage } from '@parley/load-kit/events';
import type { FaultTarget } from '@parley/load-kit/faults';
import { clientLinkTarget, clusterProcessTarget, NetworkLink, sqliteStoreTarget } from '@parley/load-kit/faults';
import { canMoveClock, MovableClock } from '@parley/load-kit/redis-servers';
import { type LocalCluster, LogFiles, type ProcessEntry, startProcessGuard } from '@parley/local-cluster';
import { ConfigError } from '@parley/service-kit';
import { MongoClient } from 'mongodb';
import { IsolatedServer } from './faults/isolated-server.ts';
import { MongodbServer, runningMongodbTarget } from './faults/mongodb-server.ts';
import { CACHED_CLOCK, NO_FAKETIME, redisTargets } from './faults/redis-targets.ts';
import { startLinks } from './faults/start-links.ts';
import { whyNoSlowFsync } from './redis/delay-fsync.ts';
import { type RedisMode, type RedisRig, startRedisRig } from './redis/redis-rig.ts';

const NODES = 3;
const WORKERS = 2;
export const MAX_CLIENTS = 50;
export const MAX_IN_PROCESS = 500;
const SESSION_TTL_MS = 5_000;
const DEFAULT_MAX_MEMORY_MB = 512;
/** Each shard of a Redis Cluster gets a part of the log. */
const PARTITIONS = { single: 1, sentinel: 1, cluster: 3 } as const;

/** A cluster for one run, with its own directory and the fault targets of all its parts. */
export interface TestBed {
  /** The address for clients. */
  readonly url: string;
  /** Redis, bypassing any faulty link. */
  readonly redis: RedisRig;
  /** Streams of the message log. */
  readonly partitions: number;
  /** Data and logs. */
  readonly directory: string;
  readonly faultTargets: readonly FaultTarget[];
  /** The processes that are running now. */
  processes(): readonly ProcessEntry[];
  readStore(): Promise<RecordedMessage[]>;
  stop(): Promise<void>;
}

export interface TestBedOptions {
  readonly redisMode: RedisMode;
  /** Memory limit of each Redis. Default: 512 */
  readonly maxMemoryMb: number | undefined;
  /** Command line that starts the server of `MONGODB_URL`. */
  readonly mongodbCommand: string | undefined;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Starts a test bed. */
export async function startTestBed(options: TestBedOptions): Promise<TestBed> {
  const { redisMode, maxMemoryMb = DEFAULT_MAX_MEMORY_MB, mongodbCommand, report, signal } = options;
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
    const clock = canMoveClock ? new MovableClock(directory, CACHED_CLOCK) : undefined;
    if (!clock) report(NO_FAKETIME);
    const redis = await startRedisRig(redisMode, { directory, clock, maxMemoryMb, supervision });
    stops.push(() => redis.stop());
    const links = await startLinks({ redisUrl: redis.url, mongodbUrl, report });
    stops.push(() => links.stop());
    const redisPorts = links.redisUrl === redis.url ? redis.ports : [Number(new URL(links.redisUrl).port)];
    const isolated = await IsolatedServer.open(`chat-server-${NODES}`, redisPorts);
    stops.push(() => isolated.close());
    const noSlowFsync = await whyNoSlowFsync(redis.servers[0]?.pid ?? 0, guard);
    if (noSlowFsync) report(`no faults of a slow disk: ${noSlowFsync}`);

    const partitions = PARTITIONS[redisMode];
    const cluster = await startTestCluster({
      directory,
      signal,
      report,
      envOf: (name) => (name === isolated.name ? isolated.env : {}),
      settings: {
        NODES: String(NODES),
        WORKERS: String(WORKERS),
        MAX_CLIENTS: String(MAX_CLIENTS),
        MAX_IN_PROCESS: String(MAX_IN_PROCESS),
        SESSION_TTL_MS: String(SESSION_TTL_MS),
        LOG_PARTITIONS: String(partitions),
        REDIS_URL: links.redisUrl,
        MONGODB_URL: links.mongodbUrl,
      },
    });
    stops.push(() => cluster.stop());
    const link = await NetworkLink.open({ host: '127.0.0.1', port: cluster.port });
    stops.push(() => link.close());
    if (!mongodbUrl) stores.push(sqliteStoreTarget(cluster.dataDir));
    const namesOf = (service: string) =>
      cluster.processes().flatMap(({ name }) => (name.startsWith(service) ? [name] : []));
    const ofRedis = redisTargets({
      ...{ rig: redis, clock, guard, canDelayFsync: !noSlowFsync },
      ...{ workers: namesOf('message-worker-'), chatServers: namesOf('chat-server-') },
      kill(name) {
        if (!cluster.processes().some((entry) => entry.name === name)) return false;
        cluster.kill(name, 'SIGKILL');
        return true;
      },
    });
    return {
      ...{ url: link.url, redis, partitions, directory, stop },
      faultTargets: [
        ...[...processes(cluster), clientLinkTarget(link), ...stores],
        ...[...ofRedis, ...links.faultTargets, isolated.faultTarget],
      ],
      processes: () => cluster.processes(),
      readStore: async () => (mongodbUrl ? readMongodbStore(mongodbUrl) : readSqliteStore(cluster.dataDir)),
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
