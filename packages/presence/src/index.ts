export * from './presence-reports.ts';
export { PresenceReporter, subscribeToPresenceReports } from './presence-reports-redis.ts';
export * from './presence-store.ts';
export { createRedisPresenceStore, type RedisPresenceStoreOptions } from './presence-store-redis.ts';
export { userRoom } from './user-room.ts';
