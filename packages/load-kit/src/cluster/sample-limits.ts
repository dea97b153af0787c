import { connectRedis, type RedisConnection, silentLogger, startLoop } from '@parley/service-kit';
import type { Recorder } from '../events/recorder.ts';

const SAMPLE_INTERVAL_MS = 50;

export interface LimitSampler {
  /** Messages in process at the last sample. undefined = Redis did not answer. */
  readonly inProcess: number | undefined;
  stop(): Promise<void>;
}

/**
 * Samples the number of messages in process and of session leases in Redis. Takes no sample while Redis does not answer.
 *
 * @param redisUrl also of a Sentinel set or a Redis Cluster
 * @param partitions streams of the message log
 */
export function sampleLimits(redisUrl: string, recorder: Recorder, partitions = 1): LimitSampler {
  const logger = silentLogger(); // outages are expected
  let redis: RedisConnection | undefined;
  const connecting = connectRedis(redisUrl, 'command', { logger, connectionName: 'limit-sampler' });
  const logs = Array.from({ length: partitions }, (_, partition) => `parley:{p${partition}}:log`);
  let inProcess: number | undefined;
  const sample = async () => {
    inProcess = undefined;
    redis ??= await connecting;
    const connection = redis;
    const [lengths, leases] = await Promise.all([
      Promise.all(logs.map((log) => connection.xlen(log))),
      connection.zcard('parley:{sessions}:live'),
    ]);
    inProcess = lengths.reduce((sum, length) => sum + length, 0);
    recorder.add({ type: 'sample', inProcess, leases });
  };
  const loop = startLoop('sample', sample, { everyMs: SAMPLE_INTERVAL_MS, logger, maxBackoffMs: SAMPLE_INTERVAL_MS });
  return {
    get inProcess() {
      return inProcess;
    },
    async stop() {
      // The first connection may never succeed, and the loop waits for it.
      void connecting.then((connection) => connection.disconnect());
      if (redis) await loop.stop();
      else void loop.stop();
    },
  };
}
