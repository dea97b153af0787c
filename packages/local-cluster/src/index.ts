export type { ProcessEntry } from './process-files.ts';
export { type LocalCluster, type LocalClusterOptions, startLocalCluster } from './start-local-cluster.ts';
