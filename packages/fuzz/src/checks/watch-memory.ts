import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProcessEntry } from '@parley/local-cluster';
import { silentLogger, startLoop } from '@parley/service-kit';

const run = promisify(execFile);
const SAMPLE_INTERVAL_MS = 1_000;
const KIB_PER_MIB = 1_024;

/** Resident memory in MiB by process. */
export type Sample = ReadonlyMap<string, number>;

export interface MemoryWatch {
  /** Returns the resident memory of all processes in MiB, as the median of the samples since the last call. */
  takeMedian(): number;
  /** Returns the highest resident memory of all processes in MiB since the last call. */
  takePeak(): number;
  /** Returns the newest memory of each process in MiB. */
  latest(): ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Samples the resident memory of the cluster's processes, with the workers of nginx. */
export function watchMemory(processes: () => readonly ProcessEntry[]): MemoryWatch {
  let totals: number[] = [];
  let peak = 0;
  let latest: Sample = new Map();
  const sample = async () => {
    latest = await readMemory(processes());
    const total = [...latest.values()].reduce((sum, mib) => sum + mib, 0);
    totals.push(total);
    peak = Math.max(peak, total);
  };
  const loop = startLoop('memory', sample, { everyMs: SAMPLE_INTERVAL_MS, logger: silentLogger() });
  return {
    takeMedian() {
      const sorted = totals.toSorted((a, b) => a - b);
      totals = [];
      return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    },
    takePeak() {
      const taken = peak;
      peak = 0;
      return taken;
    },
    latest: () => latest,
    stop: () => loop.stop(),
  };
}

/** Reads the resident memory of each process in MiB, with its children. */
export async function readMemory(processes: readonly ProcessEntry[]): Promise<Sample> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,rss=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return new Map(
    processes.map(({ name, pid }) => {
      const own = rows.filter(([id, parent]) => id === pid || parent === pid);
      return [name, own.reduce((sum, [, , kib = 0]) => sum + kib, 0) / KIB_PER_MIB];
    }),
  );
}
