export type { ClientPoolOptions, ProtocolChoice } from './commands.ts';
export { Generator, type Observation } from './generator.ts';
export { LatencyHistogram } from './latency-histogram.ts';
export { machineNowMs } from './machine-clock.ts';
export { signToken } from './parley-adapter.ts';
export type { Address } from './raw-client.ts';
export { encodeFrame, FrameReader, OPCODES } from './web-socket-frames.ts';
