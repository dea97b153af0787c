import { readMetric } from '@parley/load-kit/cluster';
import type { Recorder } from '@parley/load-kit/events';
import { isIn, type Period } from '@parley/load-kit/events';
import { silentLogger, startLoop } from '@parley/service-kit';
import type { TestBed } from '../test-bed.ts';
import { chatServersOf } from './chat-servers.ts';
import { percentile } from './measurement.ts';

const SAMPLE_INTERVAL_MS = 500;

export interface MemoryWatch {
  /** Returns the highest total resident memory of all chat servers in a period, in bytes. NaN if there is no sample. */
  peakBytes(period: Period): number;
  stop(): Promise<void>;
}

/** Samples the resident memory of the chat servers. */
export function watchMemory(bed: TestBed, recorder: Recorder): MemoryWatch {
  const samples: { atMs: number; bytes: number }[] = [];
  const sample = async () => {
    const bytesPerServer = await Promise.all(
      chatServersOf(bed).map((server) => readMetric(server, 'process_resident_memory_bytes')),
    );
    samples.push({ atMs: recorder.nowMs(), bytes: bytesPerServer.reduce((sum, bytes) => sum + bytes, 0) });
  };
  const loop = startLoop('memory', sample, { everyMs: SAMPLE_INTERVAL_MS, logger: silentLogger() });
  return {
    peakBytes: (period) =>
      percentile(
        samples.filter(({ atMs }) => isIn(atMs, period)).map(({ bytes }) => bytes),
        1,
      ),
    stop: () => loop.stop(),
  };
}
