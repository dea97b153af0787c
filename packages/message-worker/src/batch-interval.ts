/**
 * Sets the minimum time between the starts of two batches, longer after a large batch
 * (docs/decisions/0013-four-adaptive-batchers.md). A message that arrives after an idle time does not wait.
 */
export class BatchInterval {
  readonly #shortestMs: number;
  readonly #longestMs: number;
  readonly #msPerMessage: number;
  #endsAt = 0;

  constructor(options: { shortestMs: number; longestMs: number; msPerMessage: number }) {
    this.#shortestMs = options.shortestMs;
    this.#longestMs = options.longestMs;
    this.#msPerMessage = options.msPerMessage;
  }

  /** Returns how long the next batch should still collect messages, ms. */
  collectMs(now = performance.now()): number {
    return Math.max(0, this.#endsAt - now);
  }

  /** Records that a batch of `messages` messages started. An empty batch starts no interval. */
  started(messages: number, now = performance.now()): void {
    if (messages === 0) return;
    this.#endsAt = now + Math.min(this.#longestMs, this.#shortestMs + messages * this.#msPerMessage);
  }
}
