import { type Cluster, Redis } from 'ioredis';
import { withDeadline } from '../deadline.ts';
import type { Route } from './connectors.ts';
import { formatEndpoint, isSameEndpoint, loginOf, type RedisEndpoint, type RedisTarget } from './redis-url.ts';

/** A node that does not answer in this time counts as unreachable. */
const ANSWER_DEADLINE_MS = 500;

/** At most so many other nodes are asked about a node. A failed node is reported to all of them. */
const MAX_ASKED = 5;

/**
 * Returns the route of the connection to one node of a Cluster. A node is refused while another node considers it failed or a master
 * without slots: its replica is being promoted or has been, and a node that was frozen learns that later than its clients connect.
 */
export function clusterNodeRoute(target: RedisTarget, cluster: () => Cluster | undefined): Route {
  return {
    async choose({ host = '', port = 0 }) {
      return { host, port };
    },
    async confirm(endpoint, options) {
      // ioredis' own connection for reading the slots, which changes nothing.
      if (options.connectionName?.startsWith('ioredis-cluster(refresher)')) return;
      const known = cluster()
        ?.nodes('all')
        .map(({ options: { host = '', port = 0 } }) => ({ host, port }));
      const others = shuffled([...(known ?? []), ...target.endpoints]).filter(
        (each) => !isSameEndpoint(each, endpoint),
      );
      const asked = new Map(others.map((each) => [formatEndpoint(each), each]));
      const opinions = await Promise.all(
        [...asked.values()].slice(0, MAX_ASKED).map((each) => isReplacedAccordingTo(each, endpoint, target)),
      );
      if (opinions.includes(true)) throw new Error(`${formatEndpoint(endpoint)} has failed, or was replaced`);
    },
  };
}

/** Returns false if the asked node does not answer or does not know the other one. */
async function isReplacedAccordingTo(
  asked: RedisEndpoint,
  about: RedisEndpoint,
  target: RedisTarget,
): Promise<boolean> {
  const redis = new Redis({
    ...asked,
    ...loginOf(target),
    ...(target.isTls ? { tls: {} } : {}),
    lazyConnect: true,
    connectTimeout: ANSWER_DEADLINE_MS,
    enableReadyCheck: false,
    retryStrategy: null,
  });
  redis.on('error', () => undefined);
  try {
    const nodes = String(await withDeadline(redis.call('CLUSTER', 'NODES'), ANSWER_DEADLINE_MS, 'CLUSTER NODES'));
    // `<id> <host>:<port>@<bus port>[,<name>] <flags> <master> <ping> <pong> <epoch> <link> <slots> …`
    const line = nodes.split('\n').find((each) => each.split(' ')[1]?.startsWith(`${about.host}:${about.port}@`));
    const [, , flags = '', , , , , , ...slots] = line?.split(' ') ?? [];
    return flags.split(',').includes('fail') || (flags.split(',').includes('master') && slots.length === 0);
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/**
 * Returns the route of a connection that may use any node, because publish/subscribe spans the whole Cluster. Each attempt takes the
 * next node.
 */
export function anyNodeRoute(target: RedisTarget): Route & { learn(nodes: readonly RedisEndpoint[]): void } {
  let nodes = shuffled(target.endpoints);
  let next = 0;
  return {
    async choose() {
      const node = nodes[next % nodes.length] as RedisEndpoint;
      next += 1;
      return node;
    },
    /** Adds the nodes that a node knows. */
    learn(learned) {
      const all = new Map([...target.endpoints, ...learned].map((node) => [formatEndpoint(node), node]));
      nodes = shuffled([...all.values()]);
    },
  };
}

/** Returns all nodes that hold slots, from the reply to `CLUSTER SLOTS`. */
export function nodesOfSlots(reply: unknown): RedisEndpoint[] {
  const ranges = reply as [from: number, to: number, ...nodes: [host: string | null, port: number][]][];
  return ranges.flatMap(([, , ...nodes]) => nodes.flatMap(([host, port]) => (host ? [{ host, port }] : [])));
}

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
