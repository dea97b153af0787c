/**
 * Sets the minimum time between the starts of two batches, longer after a large batch
 * (docs/decisions/0013-four-adaptive-batchers.md). A message that arrives after an idle time does not wait.
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

  /** Returns how long the next batch should still gather, ms. */
  waitMs(now = performance.now()): number {
    return Math.max(0, this.#openAt - now);
  }

  /** Records that a batch of `messages` messages started. An empty batch does not open a window. */
  started(messages: number, now = performance.now()): void {
    if (messages === 0) return;
    this.#openAt = now + Math.min(this.#longestMs, this.#shortestMs + messages * this.#msPerMessage);
  }
}
