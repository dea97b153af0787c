/**
 * How far apart batches begin, at least. Each batch costs the worker, Redis and the servers about the same, however many
 * messages share it. A message that comes after a pause waits for nothing, so an idle cluster is as fast as it can be; the more
 * a batch carried, the longer the next one gathers.
 */
export class BatchWindow {
  readonly #shortestMs: number;
  readonly #longestMs: number;
  readonly #msPerMessage: number;
  #openAt = 0;

  constructor(options: { shortestMs: number; longestMs: number; msPerMessage: number }) {
    this.#shortestMs = options.shortestMs;
    this.#longestMs = options.longestMs;
    this.#msPerMessage = options.msPerMessage;
  }

  /** How long the next batch should still gather, ms. */
  waitMs(now = performance.now()): number {
    return Math.max(0, this.#openAt - now);
  }

  /** A batch of so many messages begins. */
  began(messages: number, now = performance.now()): void {
    if (messages === 0) return;
    this.#openAt = now + Math.min(this.#longestMs, this.#shortestMs + messages * this.#msPerMessage);
  }
}
