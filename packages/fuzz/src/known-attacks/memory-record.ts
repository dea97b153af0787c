import type { ProcessEntry } from '@parley/local-cluster';
import { silentLogger, startLoop } from '@parley/service-kit';
import { readMemory, type Sample } from '../checks/watch-memory.ts';

const SAMPLE_INTERVAL_MS = 500;
/** The heap of V8 and the allocator of Redis keep some of the memory that they had. */
export const MAX_GROWTH_AFTER_MB = 50;

/** Resident memory of one process in MiB. */
export interface ProcessMemory {
  readonly name: string;
  readonly before: number;
  readonly peak: number;
  /** The newest value. */
  readonly after: number;
}

export const isMemoryBack = ({ before, after }: ProcessMemory): boolean => after <= before + MAX_GROWTH_AFTER_MB;

/** Samples the resident memory of the chat servers and of Redis. */
export class MemoryRecord {
  #samples: Sample[] = [];
  #before = new Map<string, number>();
  readonly #loop: { stop(): Promise<void> };

  constructor(processes: () => readonly ProcessEntry[]) {
    const sample = async () => {
      const watched = processes().filter(({ name }) => name === 'redis' || name.startsWith('chat-server-'));
      this.#samples.push(await readMemory(watched));
    };
    this.#loop = startLoop('memory', sample, { everyMs: SAMPLE_INTERVAL_MS, logger: silentLogger() });
  }

  /** The highest values so far become those before the attack: the heaps of the servers have grown to what the work needs. */
  markBefore(): void {
    this.#before = this.#peaks();
    this.#samples = [];
  }

  /** Forgets the samples so far: the processes warm up. */
  reset(): void {
    this.#samples = [];
  }

  read(): ProcessMemory[] {
    const peaks = this.#peaks();
    return [...this.#before].map(([name, before]) => ({
      ...{ name, before, peak: peaks.get(name) ?? before },
      after: this.#samples.at(-1)?.get(name) ?? before,
    }));
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #peaks(): Map<string, number> {
    const peaks = new Map<string, number>();
    for (const sample of this.#samples) {
      for (const [name, mib] of sample) peaks.set(name, Math.max(mib, peaks.get(name) ?? 0));
    }
    return peaks;
  }
}
