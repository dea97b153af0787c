import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@parley/service-kit';
import { type Barrier, LineReader, type SecondOfSamples } from './samples.ts';

const REPORT_INTERVAL_MS = 2_000;
const POLL_INTERVAL_MS = 250;
/** If no further user connects within this time, the others continue without the missing ones. */
const CONNECT_TIMEOUT_MS = 30_000;

export interface ProgressOptions {
  readonly samplesFiles: readonly string[];
  /** The directory in which released barriers are created as files. */
  readonly barrierDirectory: string;
  readonly users: number;
  /** The number of users who call `startSession`. */
  readonly connecting: number;
  readonly report: (line: string) => void;
}

/** Reads the samples that the Artillery processes write, reports progress, and releases the barriers at which users wait. */
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
    this.#timers = [
      setInterval(() => this.#poll(), POLL_INTERVAL_MS),
      setInterval(() => this.#reportProgress(), REPORT_INTERVAL_MS),
    ];
  }

  /** Returns all samples so far. */
  samples(): readonly SecondOfSamples[] {
    this.#poll();
    return this.#samples;
  }

  /** Resolves when all users are connected or the run has ended. */
  async untilAllConnected(over: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    over.then(end, end);
    while (!isOver && !this.#released.has('all-connected')) await pause(POLL_INTERVAL_MS);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #poll(): void {
    const { samplesFiles, connecting } = this.#options;
    for (const second of samplesFiles.flatMap((file) => this.#reader.readNew(file))) {
      this.#samples.push(second);
      if (second.counters.connected) this.#lastConnectedAt = performance.now();
      for (const [name, value] of Object.entries(second.counters)) this.#totals.set(name, this.#total(name) + value);
    }
    const connected = this.#total('connected');
    const isStalled = performance.now() - this.#lastConnectedAt > CONNECT_TIMEOUT_MS;
    if (connected >= connecting || isStalled) this.#releaseBarrier('all-connected');
    if (this.#released.has('all-connected') && this.#total('finished_sending') >= connected)
      this.#releaseBarrier('all-sent');
  }

  #releaseBarrier(barrier: Barrier): void {
    if (this.#released.has(barrier)) return;
    this.#released.add(barrier);
    writeFileSync(join(this.#options.barrierDirectory, barrier), '');
  }

  #reportProgress(): void {
    const { report, users } = this.#options;
    const [sent, delivered] = [this.#total('sent'), this.#total('delivered')];
    report(
      `${this.#total('online')} of ${users} users online · sent ${sent} · delivered ${delivered} · lost ${this.#total('lost')}`,
    );
  }

  #total(name: string): number {
    return this.#totals.get(name) ?? 0;
  }
}
