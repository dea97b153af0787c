import type { Recorder } from '@parley/load-kit/events';
import { isIn, type Period } from '@parley/load-kit/events';
import { silentLogger, startLoop } from '@parley/service-kit';
import type { TestBed } from '../test-bed.ts';
import { chatServersOf, readMetric } from './chat-servers.ts';
import { percentile } from './measurement.ts';

const LOOK_EVERY_MS = 500;

export interface MemoryWatch {
  /** The most that all chat servers together held in this time, resident, bytes; NaN where nobody looked. */
  peakBytes(period: Period): number;
  stop(): Promise<void>;
}

/** Looks all the time at how much memory the chat servers hold. */
export function watchMemory(bed: TestBed, recorder: Recorder): MemoryWatch {
  const samples: { atMs: number; bytes: number }[] = [];
  const look = async () => {
    const held = await Promise.all(
      chatServersOf(bed).map((server) => readMetric(server, 'process_resident_memory_bytes')),
    );
    samples.push({ atMs: recorder.nowMs(), bytes: held.reduce((sum, bytes) => sum + bytes, 0) });
  };
  const loop = startLoop('memory', look, { everyMs: LOOK_EVERY_MS, logger: silentLogger() });
  return {
    peakBytes: (period) =>
      percentile(
        samples.filter(({ atMs }) => isIn(atMs, period)).map(({ bytes }) => bytes),
        1,
      ),
    stop: () => loop.stop(),
  };
}
