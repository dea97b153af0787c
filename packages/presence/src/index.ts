export * from './presence-board.ts';
export { createRedisPresenceBoard, type RedisPresenceBoardOptions } from './presence-board-redis.ts';
export * from './presence-reports.ts';
export { listenToPresenceReports, PresenceReporter } from './presence-reports-redis.ts';
export { userRoom } from './user-room.ts';
