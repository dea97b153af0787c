import { silentLogger, startLoop } from '@parley/service-kit';
import { Redis } from 'ioredis';
import type { Recorder } from '../events/recorder.ts';

const SAMPLE_INTERVAL_MS = 50;
const COMMAND_TIMEOUT_MS = 500;

export interface LimitSampler {
  /** Messages in process at the last sample. undefined = Redis did not answer. */
  readonly inProcess: number | undefined;
  stop(): Promise<void>;
}

/** Samples the number of messages in process and of session leases in Redis. Takes no sample while Redis does not answer. */
export function sampleLimits(redisUrl: string, recorder: Recorder): LimitSampler {
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: () => SAMPLE_INTERVAL_MS,
  });
  redis.on('error', () => undefined); // outages are expected
  let inProcess: number | undefined;
  const sample = async () => {
    inProcess = undefined;
    const [log, leases] = await Promise.all([redis.xlen('parley:{p0}:log'), redis.zcard('parley:{sessions}:live')]);
    inProcess = log;
    recorder.add({ type: 'sample', inProcess: log, leases });
  };
  const loop = startLoop('sample', sample, {
    everyMs: SAMPLE_INTERVAL_MS,
    logger: silentLogger(),
    maxBackoffMs: SAMPLE_INTERVAL_MS,
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
