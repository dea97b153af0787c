import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@parley/service-kit';
import { type Barrier, LineReader, type SecondOfSamples } from './samples.ts';

const SHOW_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 250;
/** Who has not come when nobody came for so long does not come: the others go on without. */
const STRAGGLERS_MS = 30_000;

export interface ProgressOptions {
  readonly samplesFiles: readonly string[];
  /** Where the users look for open barriers. */
  readonly barrierDirectory: string;
  readonly users: number;
  /** How many of them come by `startSession`. */
  readonly connecting: number;
  readonly report: (line: string) => void;
}

/** Reads what the load writes, says how it goes, and lets those go on who wait for the others. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #reader = new LineReader<SecondOfSamples>();
  readonly #samples: SecondOfSamples[] = [];
  readonly #totals = new Map<string, number>();
  readonly #released = new Set<Barrier>();
  readonly #timers: NodeJS.Timeout[];
  #lastConnectedAt = Number.POSITIVE_INFINITY;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#timers = [setInterval(() => this.#look(), LOOK_EVERY_MS), setInterval(() => this.#show(), SHOW_EVERY_MS)];
  }

  /** All that was written so far. */
  samples(): readonly SecondOfSamples[] {
    this.#look();
    return this.#samples;
  }

  /** Resolves when everybody is in, or the load is over. */
  async untilAllConnected(over: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    over.then(end, end);
    while (!isOver && !this.#released.has('all-connected')) await pause(LOOK_EVERY_MS);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #look(): void {
    const { samplesFiles, connecting } = this.#options;
    for (const second of samplesFiles.flatMap((file) => this.#reader.readNew(file))) {
      this.#samples.push(second);
      if (second.counters.connected) this.#lastConnectedAt = performance.now();
      for (const [name, value] of Object.entries(second.counters)) this.#totals.set(name, this.#total(name) + value);
    }
    const entered = this.#total('connected');
    const isStalled = performance.now() - this.#lastConnectedAt > STRAGGLERS_MS;
    if (entered >= connecting || isStalled) this.#releaseBarrier('all-connected');
    if (this.#released.has('all-connected') && this.#total('finished_sending') >= entered)
      this.#releaseBarrier('all-sent');
  }

  #releaseBarrier(barrier: Barrier): void {
    if (this.#released.has(barrier)) return;
    this.#released.add(barrier);
    writeFileSync(join(this.#options.barrierDirectory, barrier), '');
  }

  #show(): void {
    const { report, users } = this.#options;
    const [sent, delivered] = [this.#total('sent'), this.#total('delivered')];
    report(
      `${this.#total('online')} of ${users} in · sent ${sent} · delivered ${delivered} · lost ${this.#total('lost')}`,
    );
  }

  #total(name: string): number {
    return this.#totals.get(name) ?? 0;
  }
}
