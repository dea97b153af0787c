import type { RedisServerProcess } from './redis-server-process.ts';
import { type RedisServerSet, waitFor } from './redis-server-set.ts';
import { addressesOf } from './start-redis-sentinel.ts';

/** A node counts as failed after this time without a reply. */
const CLUSTER_NODE_TIMEOUT_MS = 2_000;

const SLOTS = 16_384;
const MASTERS = 3;

/** A range of slots with the ports of its master and of its replicas. */
type SlotRange = readonly [first: number, last: number, master: SlotNode, ...replicas: SlotNode[]];
type SlotNode = readonly [host: string, port: number, id: string];

export interface RedisClusterSet {
  /** As in `REDIS_URL`, with all nodes. */
  readonly url: string;
  /** Three masters and their replicas, as long as there was no failover. */
  readonly servers: readonly RedisServerProcess[];
  /** Returns the master of a key's slot, as most nodes see it. */
  masterOf(key: string): Promise<RedisServerProcess>;
  /** Resolves when most nodes name another master of the key's slot than `former`. */
  failedOver(key: string, former: RedisServerProcess): Promise<RedisServerProcess>;
}

/** Starts a Cluster of three masters with one replica each, and waits until all nodes agree. */
export async function startRedisCluster(set: RedisServerSet): Promise<RedisClusterSet> {
  const servers: RedisServerProcess[] = [];
  for (let index = 1; index <= MASTERS * 2; index += 1) {
    servers.push(
      await set.startRedis(`redis-${index}`, [
        ['cluster-enabled', 'yes'],
        ['cluster-port', await set.options.freePort()],
        ['cluster-node-timeout', CLUSTER_NODE_TIMEOUT_MS],
        ['cluster-announce-ip', '127.0.0.1'],
      ]),
    );
  }
  const masters = servers.slice(0, MASTERS);
  const first = servers[0] as RedisServerProcess;
  for (const [index, { admin }] of masters.entries()) {
    const from = Math.floor((index * SLOTS) / MASTERS);
    const to = Math.floor(((index + 1) * SLOTS) / MASTERS) - 1;
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
  }
  for (const server of servers.slice(1)) {
    const busPort = Number(((await server.admin.call('CONFIG', 'GET', 'cluster-port')) as string[])[1]);
    await first.admin.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
  }
  await allAgree(servers, async ({ admin }) => {
    const info = String(await admin.call('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${servers.length}`);
  });
  for (const [index, server] of servers.slice(MASTERS).entries()) {
    const id = await masters[index]?.admin.call('CLUSTER', 'MYID');
    await waitFor(
      async () => (await server.admin.call('CLUSTER', 'REPLICATE', String(id))) as string,
      'a replica joins',
    );
  }
  await allAgree(servers, async (server) => (await slotsOf(server)).every((range) => range.length === 4));
  await allAgree(servers.slice(MASTERS), async ({ admin }) =>
    (await admin.info('replication')).includes('master_link_status:up'),
  );

  const agreedMasterOf = async (key: string): Promise<RedisServerProcess | undefined> => {
    const ports = await Promise.all(servers.map((server) => masterPort(server, key).catch(() => 0)));
    return servers.find(({ port }) => ports.filter((named) => named === port).length > servers.length / 2);
  };
  return {
    url: `${set.scheme}+cluster://${set.credentials}${addressesOf(servers)}`,
    servers,
    masterOf: (key) => waitFor(() => agreedMasterOf(key), `most nodes name the same master of ${key}`),
    failedOver: (key, former) =>
      waitFor(async () => {
        const current = await agreedMasterOf(key);
        return current === former ? undefined : current;
      }, `a failover from ${former.name}`),
  };
}

const slotsOf = async ({ admin }: RedisServerProcess) => (await admin.call('CLUSTER', 'SLOTS')) as SlotRange[];

async function masterPort(server: RedisServerProcess, key: string): Promise<number> {
  const slot = Number(await server.admin.call('CLUSTER', 'KEYSLOT', key));
  const range = (await slotsOf(server)).find(([from, to]) => from <= slot && slot <= to);
  return range?.[2][1] ?? 0;
}

async function allAgree(
  servers: readonly RedisServerProcess[],
  check: (server: RedisServerProcess) => Promise<boolean>,
): Promise<void> {
  await waitFor(
    async () => ((await Promise.all(servers.map(check))).every(Boolean) ? true : undefined),
    'all nodes agree',
  );
}
