export { freePort } from './free-port.ts';
export { readMetric } from './read-metric.ts';
export { readMongodbStore, readPages, readSqliteStore } from './read-store.ts';
export { type LimitSampler, sampleLimits } from './sample-limits.ts';
export { searchLogs } from './search-logs.ts';
export { startTestCluster } from './start-cluster.ts';
export { type ExitWatch, watchExits } from './watch-exits.ts';
