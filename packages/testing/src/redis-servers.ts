// Real Redis topologies on this machine, a Sentinel set and a Cluster, and a clock for them. Tests and load tools start them; neither
// needs jest.
export * from './redis-servers/movable-clock.ts';
export * from './redis-servers/redis-server-process.ts';
export * from './redis-servers/redis-server-set.ts';
export * from './redis-servers/start-redis-cluster.ts';
export * from './redis-servers/start-redis-sentinel.ts';
export * from './redis-servers/tls-certificate.ts';
