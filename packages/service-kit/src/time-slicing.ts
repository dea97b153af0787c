import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long work that may be put off keeps the event loop from everything else, ms. */
const SLICE_MS = 10;

/** Does `work` for each item, and lets the event loop get to everything else every some milliseconds. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let endsAt = performance.now() + SLICE_MS;
  for (const item of items) {
    work(item);
    if (performance.now() < endsAt) continue;
    await nextTurn();
    endsAt = performance.now() + SLICE_MS;
  }
}

/**
 * Work of which thousands of pieces may come in one turn of the event loop: they are done in the order of their coming, for some
 * milliseconds a turn. A piece that comes alone is done at once.
 */
export class SlicedWork {
  readonly #waiting: (() => void)[] = [];
  /** What is left of this turn's share, ms. */
  #leftMs = SLICE_MS;
  #isTurnPlanned = false;

  add(work: () => void): void {
    if (this.#waiting.length === 0 && this.#leftMs > 0) this.#do(work);
    else this.#waiting.push(work);
    this.#planTurn();
  }

  #do(work: () => void): void {
    const startedAt = performance.now();
    work();
    this.#leftMs -= performance.now() - startedAt;
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#leftMs = SLICE_MS;
      let done = 0;
      for (; done < this.#waiting.length && this.#leftMs > 0; done += 1) this.#do(this.#waiting[done] as () => void);
      this.#waiting.splice(0, done);
      if (this.#waiting.length > 0) this.#planTurn();
    });
  }
}
