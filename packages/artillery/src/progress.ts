import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@parley/service-kit';
import { type Gate, LineReader, type SecondOfSamples } from './samples.ts';

const SHOW_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 250;
/** Who has not come when nobody came for so long does not come: the others go on without. */
const STRAGGLERS_MS = 30_000;

export interface ProgressOptions {
  readonly samplesFiles: readonly string[];
  /** Where the users look for open gates. */
  readonly gatesDirectory: string;
  readonly users: number;
  /** How many of them come by `enter`. */
  readonly entering: number;
  readonly report: (line: string) => void;
}

/** Reads what the load writes, says how it goes, and lets those go on who wait for the others. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #reader = new LineReader<SecondOfSamples>();
  readonly #samples: SecondOfSamples[] = [];
  readonly #totals = new Map<string, number>();
  readonly #open = new Set<Gate>();
  readonly #timers: NodeJS.Timeout[];
  #lastEnteredAt = Number.POSITIVE_INFINITY;

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
  async untilEverybodyIsIn(over: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    over.then(end, end);
    while (!isOver && !this.#open.has('everybody-is-in')) await pause(LOOK_EVERY_MS);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #look(): void {
    const { samplesFiles, entering } = this.#options;
    for (const second of samplesFiles.flatMap((file) => this.#reader.readNew(file))) {
      this.#samples.push(second);
      if (second.counters.entered) this.#lastEnteredAt = performance.now();
      for (const [name, value] of Object.entries(second.counters)) this.#totals.set(name, this.#total(name) + value);
    }
    const entered = this.#total('entered');
    const isStalled = performance.now() - this.#lastEnteredAt > STRAGGLERS_MS;
    if (entered >= entering || isStalled) this.#openGate('everybody-is-in');
    if (this.#open.has('everybody-is-in') && this.#total('spoken') >= entered) this.#openGate('everybody-has-spoken');
  }

  #openGate(gate: Gate): void {
    if (this.#open.has(gate)) return;
    this.#open.add(gate);
    writeFileSync(join(this.#options.gatesDirectory, gate), '');
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
