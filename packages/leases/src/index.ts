export * from './session-leases.ts';
export * from './session-leases-redis.ts';
