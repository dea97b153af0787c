import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@parley/load-kit/cluster';
import {
  type Directive,
  type MovableClock,
  type RedisServerProcess,
  RedisServerSet,
  startRedisCluster,
  startRedisSentinel,
} from '@parley/load-kit/redis-servers';
import type { Supervision } from '@parley/local-cluster';

export const REDIS_MODES = ['single', 'sentinel', 'cluster'] as const;
export type RedisMode = (typeof REDIS_MODES)[number];

/** Real Redis servers in one of the three ways in which Parley runs with Redis. */
export interface RedisRig {
  readonly mode: RedisMode;
  /** `REDIS_URL` of the cluster. */
  readonly url: string;
  /** All ports that the cluster may connect to. */
  readonly ports: readonly number[];
  /** Without the Sentinels. */
  readonly servers: readonly RedisServerProcess[];
  /** A key of each shard. Everything but a Redis Cluster has one shard. */
  readonly shardKeys: readonly string[];
  /** Returns the directory of a server's data. */
  directoryOf(server: RedisServerProcess): string;
  /** Returns the master of a key. */
  masterOf(key: string): Promise<RedisServerProcess>;
  /** Resolves when another server than `former` is the master of a key. */
  failedOver(key: string, former: RedisServerProcess): Promise<RedisServerProcess>;
  /** Asks for a failover of a key's shard while its master is alive. */
  requestFailover(key: string): Promise<void>;
  /** Whether every replica follows its master, so that a failover is possible. */
  isSettled(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface RedisRigOptions {
  /** For configuration, data and logs. */
  readonly directory: string;
  readonly clock: MovableClock | undefined;
  /** Memory limit of each server. */
  readonly maxMemoryMb: number;
  readonly supervision: Supervision;
}

/** With two replicas, the new master has one that confirms its writes while the old master is down. */
const SENTINEL_REPLICAS = 2;
/** Sentinel fails a master over again only after twice this time. */
const FAILOVER_TIMEOUT_MS = 3_000;
/**
 * A master acks only while a replica has confirmed its writes within 2 s. A Redis Cluster has one replica for each master here, and would
 * refuse all writes while that one is down; its masters stop when they lose contact with the others.
 */
const MIN_REPLICAS: readonly Directive[] = [
  ['min-replicas-to-write', 1],
  ['min-replicas-max-lag', 2],
];
/** A hash tag of the log's partitions, of which the first three lie on different shards, and that of the sessions. */
const CLUSTER_KEYS = ['{p0}', '{p1}', '{p2}', '{sessions}'] as const;
const CLUSTER_MASTERS = 3;

/** Starts the servers and waits until they are complete. */
export async function startRedisRig(mode: RedisMode, options: RedisRigOptions): Promise<RedisRig> {
  const { directory, clock, maxMemoryMb, supervision } = options;
  const home = join(directory, 'redis-servers');
  mkdirSync(home);
  const directives: Directive[] = [
    ['logfile', 'redis.log'],
    ['maxmemory', `${maxMemoryMb}mb`],
    ['maxmemory-policy', 'noeviction'],
    // A rewrite of the append-only file would make a copy of it useless.
    ['auto-aof-rewrite-percentage', 0],
    ...(mode === 'sentinel' ? MIN_REPLICAS : []),
  ];
  const set = new RedisServerSet({
    ...{ directory: home, freePort, appendFsync: 'everysec', directives },
    env: { ...process.env, ...clock?.env },
    onSpawn(child) {
      const { pid } = child;
      if (pid === undefined) return;
      supervision.guard.started('server', pid);
      child.once('exit', () => supervision.guard.ended('server', pid));
    },
  });
  const common = {
    directoryOf: (server: RedisServerProcess) => join(home, server.name),
    stop: () => set.stop(),
  };
  try {
    if (mode === 'single') return { ...(await startSingle(set)), ...common };
    if (mode === 'sentinel') return { ...(await startSentinel(set)), ...common };
    return { ...(await startCluster(set)), ...common };
  } catch (error) {
    await set.stop();
    throw error;
  }
}

type Topology = Omit<RedisRig, 'directoryOf' | 'stop'>;

async function startSingle(set: RedisServerSet): Promise<Topology> {
  const server = await set.startRedis('redis', []);
  const cannot = async () => {
    throw new Error('a single Redis cannot fail over');
  };
  return {
    ...{ mode: 'single', url: `redis://127.0.0.1:${server.port}`, ports: [server.port] },
    ...{ servers: [server], shardKeys: ['{p0}'] },
    masterOf: async () => server,
    failedOver: cannot,
    requestFailover: cannot,
    isSettled: () => server.answers(),
  };
}

async function startSentinel(set: RedisServerSet): Promise<Topology> {
  const rig = await startRedisSentinel(set, { replicas: SENTINEL_REPLICAS, failoverTimeoutMs: FAILOVER_TIMEOUT_MS });
  const { url, servers, sentinels, name } = rig;
  const canFailOver = async ({ admin }: RedisServerProcess) => {
    const fields = (await admin.call('SENTINEL', 'MASTER', name)) as string[];
    const flags = fields[fields.indexOf('flags') + 1];
    return flags === 'master' && String(await admin.call('SENTINEL', 'CKQUORUM', name)).startsWith('OK');
  };
  return {
    ...{ mode: 'sentinel', url, servers, shardKeys: ['{p0}'] },
    ports: [...servers, ...sentinels].map(({ port }) => port),
    masterOf: () => rig.master(),
    failedOver: (_key, former) => rig.failedOver(former),
    async requestFailover() {
      await Promise.any(sentinels.map(({ admin }) => admin.call('SENTINEL', 'FAILOVER', name)));
    },
    async isSettled() {
      const ready = await Promise.all(sentinels.map(canFailOver));
      return ready.every(Boolean) && (await countMasters(servers)) === 1;
    },
  };
}

async function startCluster(set: RedisServerSet): Promise<Topology> {
  const { url, servers, masterOf, failedOver } = await startRedisCluster(set);
  const isOk = async ({ admin }: RedisServerProcess) =>
    String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
  return {
    ...{ mode: 'cluster', url, servers, shardKeys: CLUSTER_KEYS, masterOf, failedOver },
    ports: servers.map(({ port }) => port),
    async requestFailover(key) {
      const { port } = await masterOf(key);
      const replicas = await Promise.all(
        servers.map(async (server) => ((await roleOf(server)).masterPort === port ? [server] : [])),
      );
      const [replica] = replicas.flat();
      if (!replica) throw new Error(`the master of ${key} has no replica`);
      await replica.admin.call('CLUSTER', 'FAILOVER');
    },
    async isSettled() {
      const ready = await Promise.all(servers.map(isOk));
      return ready.every(Boolean) && (await countMasters(servers)) === CLUSTER_MASTERS;
    },
  };
}

/** @throws Error when a server does not answer, or a replica does not follow a master */
async function countMasters(servers: readonly RedisServerProcess[]): Promise<number> {
  const roles = await Promise.all(servers.map(roleOf));
  const masters = new Set(servers.filter((_, index) => roles[index]?.isMaster).map(({ port }) => port));
  for (const { isMaster, masterPort } of roles) {
    if (!isMaster && !masters.has(masterPort ?? 0)) throw new Error('a replica does not follow a master');
  }
  return masters.size;
}

/** https://redis.io/docs/latest/commands/role */
async function roleOf({ admin }: RedisServerProcess): Promise<{ isMaster: boolean; masterPort?: number }> {
  const [role, , port, state] = (await admin.call('ROLE')) as [string, unknown, unknown, unknown];
  if (role === 'master') return { isMaster: true };
  return { isMaster: false, ...(state === 'connected' && { masterPort: Number(port) }) };
}
