export { portAccepts } from './await-up.ts';
export { LogFiles } from './log-files.ts';
export { writeNginxPrefix } from './nginx-config.ts';
export { chooseInternalPorts } from './ports.ts';
export type { ProcessEntry } from './process-files.ts';
export { nginxSpec, redisSpec } from './process-specs.ts';
export { type LocalCluster, type LocalClusterOptions, startLocalCluster } from './start-local-cluster.ts';
export { type ProcessSpec, SupervisedProcess } from './supervised-process.ts';
export { workspacePath } from './workspace.ts';
