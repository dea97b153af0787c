export type { CrowdOptions, DialectChoice } from './commands.ts';
export { Generator, type Observation } from './generator.ts';
export { LatencyHistogram } from './latency-histogram.ts';
export { machineMs } from './machine-clock.ts';
export { signToken } from './parley-protocol.ts';
export type { Address } from './raw-client.ts';
