export * from './claim-partitions.ts';
export type { SentMessages } from './dedupe.ts';
export * from './message-consumer.ts';
export { createRedisMessageConsumer, type RedisMessageConsumerOptions } from './message-consumer-redis.ts';
export * from './message-log.ts';
export { createRedisMessageLog, type RedisMessageLogOptions } from './message-log-redis.ts';
export { partitionOf } from './partition-keys.ts';
export type { StoredHistory } from './stored-history.ts';
