import { silentLogger, startLoop } from '@parley/service-kit';
import { Redis } from 'ioredis';
import type { Recorder } from '../events/recorder.ts';

const SAMPLE_EVERY_MS = 50;
const COMMAND_TIMEOUT_MS = 500;

export interface LimitSampler {
  /** Messages in process when last looked at; undefined = not known. */
  readonly inProcess: number | undefined;
  stop(): Promise<void>;
}

/** Looks into the cluster's books all the time; where Redis does not answer, there is no sample. */
export function sampleLimits(redisUrl: string, recorder: Recorder): LimitSampler {
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: () => SAMPLE_EVERY_MS,
  });
  redis.on('error', () => undefined); // an outage is what faults are for
  let inProcess: number | undefined;
  const look = async () => {
    inProcess = undefined;
    const [log, leases] = await Promise.all([redis.xlen('parley:{p0}:log'), redis.zcard('parley:{sessions}:live')]);
    inProcess = log;
    recorder.add({ type: 'sample', inProcess: log, leases });
  };
  const loop = startLoop('sample', look, {
    everyMs: SAMPLE_EVERY_MS,
    logger: silentLogger(),
    maxBackoffMs: SAMPLE_EVERY_MS,
  });
  return {
    get inProcess() {
      return inProcess;
    },
    async stop() {
      await loop.stop();
      redis.disconnect();
    },
  };
}
