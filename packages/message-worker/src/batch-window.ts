/** A batch of so many says that messages come faster than one by one. */
const LARGE_BATCH = 4;
const STEP_MS = 4;
const MAX_MS = 12;

/**
 * How long a worker lets messages gather before it reads the next batch. Under load each batch costs the worker, Redis and the
 * servers about the same, however many messages share it; while the cluster idles, nothing waits. Grows with each large batch and
 * halves with each small one, so a lone message waits for nothing.
 */
export class BatchWindow {
  #ms = 0;

  get ms(): number {
    return this.#ms;
  }

  /** @param messages size of the batch that was read last; 0 = none came in time */
  sawBatch(messages: number): void {
    if (messages >= LARGE_BATCH) this.#ms = Math.min(MAX_MS, this.#ms + STEP_MS);
    else this.#ms = this.#ms > 1 ? this.#ms / 2 : 0;
  }
}
