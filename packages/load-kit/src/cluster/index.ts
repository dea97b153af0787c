export { freePort } from './free-port.ts';
export { readMongodbStore, readPages, readSqliteStore } from './read-store.ts';
export { type LimitSampler, sampleLimits } from './sample-limits.ts';
export { startTestCluster } from './start-cluster.ts';
