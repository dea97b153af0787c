import { atFileEnd } from './at-file-end.ts';
import { freePort } from './free-port.ts';
import {
  type RedisClusterSet,
  type RedisSentinelOptions,
  type RedisSentinelSet,
  RedisServerSet,
  type RedisServersOptions,
  startRedisCluster,
  startRedisSentinel,
} from './redis-servers.ts';
import { newTemporaryDirectory } from './temporary-directory.ts';

type Options = Omit<RedisServersOptions, 'directory' | 'freePort'>;

/** Starts a master, a replica and three Sentinels for one test file. They end with the file. */
export async function newRedisSentinel(options: Options & RedisSentinelOptions = {}): Promise<RedisSentinelSet> {
  return startRedisSentinel(await newServerSet(options), options);
}

/** Starts a Cluster of three masters and three replicas for one test file. It ends with the file. */
export async function newRedisCluster(options: Options = {}): Promise<RedisClusterSet> {
  return startRedisCluster(await newServerSet(options));
}

/** Starts a single Redis with the same options, for one test file. */
export async function newSecuredRedis(options: Options): Promise<{ url: string; port: number }> {
  const set = await newServerSet(options);
  const { port } = await set.startRedis('redis-1', []);
  return { url: `${set.scheme}://${set.credentials}127.0.0.1:${port}`, port };
}

async function newServerSet(options: Options): Promise<RedisServerSet> {
  const set = new RedisServerSet({ ...options, directory: await newTemporaryDirectory(), freePort });
  atFileEnd(() => set.stop());
  return set;
}
