import type { RedisServerProcess } from './redis-server-process.ts';
import { type RedisServerSet, waitFor } from './redis-server-set.ts';

/** A Sentinel considers a master down after this time without a reply. */
const DOWN_AFTER_MS = 2_000;

const MASTER_NAME = 'main';
const SENTINELS = 3;
const QUORUM = 2;

export interface RedisSentinelOptions {
  /** Default 1. */
  readonly replicas?: number;
  /** Default: the Sentinels need no password, whether or not Redis does. */
  readonly sentinelPassword?: string;
  /** A master fails over again only after twice this time. Default 10 s. */
  readonly failoverTimeoutMs?: number;
}

export interface RedisSentinelSet {
  /** The name of the master, as the Sentinels know it. */
  readonly name: string;
  /** As in `REDIS_URL`. */
  readonly url: string;
  /** The master, as long as there was no failover, and its replicas. */
  readonly servers: readonly RedisServerProcess[];
  readonly sentinels: readonly RedisServerProcess[];
  /** Returns the master that most Sentinels name. */
  master(): Promise<RedisServerProcess>;
  /** Resolves when most Sentinels name another master than `former`. */
  failedOver(former: RedisServerProcess): Promise<RedisServerProcess>;
}

/** Starts a master with replicas and three Sentinels, and waits until the Sentinels know all of them. */
export async function startRedisSentinel(
  set: RedisServerSet,
  options: RedisSentinelOptions = {},
): Promise<RedisSentinelSet> {
  const { replicas = 1, sentinelPassword, failoverTimeoutMs = 10_000 } = options;
  const { password } = set.options;
  const master = await set.startRedis('redis-1', []);
  const others = await Promise.all(
    Array.from({ length: replicas }, (_, index) =>
      set.startRedis(`redis-${index + 2}`, [['replicaof', '127.0.0.1', master.port]]),
    ),
  );
  const servers = [master, ...others];
  await waitFor(async () => ((await countReplicas(master)) === replicas ? true : undefined), 'the replicas are online');
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, (_, index) =>
      set.startSentinel(`sentinel-${index + 1}`, sentinelPassword, [
        ['sentinel', 'monitor', MASTER_NAME, '127.0.0.1', master.port, QUORUM],
        ['sentinel', 'down-after-milliseconds', MASTER_NAME, DOWN_AFTER_MS],
        ['sentinel', 'failover-timeout', MASTER_NAME, failoverTimeoutMs],
        ...(password === undefined ? [] : [['sentinel', 'auth-pass', MASTER_NAME, password] as const]),
      ]),
    ),
  );
  const knowsAll = async (sentinel: RedisServerProcess) => {
    const state = toRecord(await sentinel.admin.call('SENTINEL', 'MASTER', MASTER_NAME));
    return Number(state['num-other-sentinels']) === SENTINELS - 1 && Number(state['num-slaves']) === replicas;
  };
  await waitFor(
    async () => ((await Promise.all(sentinels.map(knowsAll))).every(Boolean) ? true : undefined),
    'the Sentinels know each other',
  );
  const namedPort = async (sentinel: RedisServerProcess): Promise<number> => {
    const address = await sentinel.admin.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    return Number((address as string[])[1]);
  };
  const agreedMaster = async (): Promise<RedisServerProcess | undefined> => {
    const ports = await Promise.all(sentinels.map((sentinel) => namedPort(sentinel).catch(() => 0)));
    return servers.find(({ port }) => ports.filter((named) => named === port).length >= QUORUM);
  };
  return {
    name: MASTER_NAME,
    url: `${set.scheme}+sentinel://${set.credentials}${addressesOf(sentinels)}/${MASTER_NAME}`,
    servers,
    sentinels,
    master: () => waitFor(agreedMaster, 'most Sentinels name the same master'),
    failedOver: (former) =>
      waitFor(async () => {
        const current = await agreedMaster();
        return current === former ? undefined : current;
      }, `a failover from ${former.name}`),
  };
}

async function countReplicas(server: RedisServerProcess): Promise<number> {
  const info = await server.admin.info('replication');
  return info.match(/^slave\d+:.*state=online/gm)?.length ?? 0;
}

export const addressesOf = (servers: readonly RedisServerProcess[]): string =>
  servers.map(({ port }) => `127.0.0.1:${port}`).join(',');

/** Converts a flat list of names and values. */
function toRecord(reply: unknown): Record<string, string> {
  const flat = reply as string[];
  const entries = Array.from(
    { length: flat.length / 2 },
    (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? ''] as const,
  );
  return Object.fromEntries(entries);
}
