import { pause } from '@parley/service-kit';

/** Limits the inputs per second of a process. A short burst after a pause is not caught up. */
export class Pace {
  readonly #intervalMs: number;
  #nextAtMs = 0;
  #taken = 0;

  constructor(inputsPerSecond: number) {
    this.#intervalMs = 1_000 / inputsPerSecond;
  }

  /** Number of inputs so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Resolves when the next `count` inputs may be sent. */
  async take(count: number, signal: AbortSignal): Promise<void> {
    this.#taken += count;
    const nowMs = performance.now();
    const startAtMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = startAtMs + count * this.#intervalMs;
    if (startAtMs > nowMs + 1) await pause(startAtMs - nowMs, signal);
  }
}
