import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long deferrable work may block the event loop before other work gets a turn, in ms. */
const SLICE_MS = 10;

/** Calls `work` for each item in order, and yields to the event loop after each time slice. */
export async function forEachTimeSliced<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let endsAt = performance.now() + SLICE_MS;
  for (const item of items) {
    work(item);
    if (performance.now() < endsAt) continue;
    await nextTurn();
    endsAt = performance.now() + SLICE_MS;
  }
}

/**
 * A first-in, first-out queue of synchronous tasks that uses at most one time slice of each event-loop turn. A task runs
 * at once while the queue is empty and the slice is not used up.
 */
export class TimeSlicedQueue {
  readonly #waiting: (() => void)[] = [];
  /** The rest of this turn's slice, in ms. */
  #leftMs = SLICE_MS;
  #isTurnPlanned = false;

  add(task: () => void): void {
    if (this.#waiting.length === 0 && this.#leftMs > 0) this.#run(task);
    else this.#waiting.push(task);
    this.#planTurn();
  }

  #run(task: () => void): void {
    const startedAt = performance.now();
    task();
    this.#leftMs -= performance.now() - startedAt;
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#leftMs = SLICE_MS;
      let done = 0;
      for (; done < this.#waiting.length && this.#leftMs > 0; done += 1) this.#run(this.#waiting[done] as () => void);
      this.#waiting.splice(0, done);
      if (this.#waiting.length > 0) this.#planTurn();
    });
  }
}
