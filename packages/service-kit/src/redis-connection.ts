import type { Cluster, Redis } from 'ioredis';

/** A connection to one Redis, a Sentinel set's master or a Redis Cluster. */
export type RedisConnection = Redis | Cluster;
