import type { CachedFrame } from './frame-cache.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/**
 * Arrivals of a packet within this time are recorded together. The error is far below the measured latencies, and the histogram
 * gets a tenth of the updates.
 */
const SLOT_MS = 1 / 16;

/** Records the latency of every message at every client of a process. */
export class Arrivals {
  #histogram = new LatencyHistogram();
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.POSITIVE_INFINITY;
  #sinceStart = 0;

  /** Starts a new measurement. It includes messages that are sent in this period. */
  observe(fromMs: number, toMs: number): void {
    this.#histogram = new LatencyHistogram();
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#sinceStart = 0;
  }

  /** Deliveries since the start of the period, regardless of when they were sent. */
  get sinceStart(): number {
    return this.#sinceStart;
  }

  get latencies(): LatencyHistogram {
    return this.#histogram;
  }

  note(frame: CachedFrame, nowMs: number): void {
    const { length } = frame.sentAtMs;
    if (length === 0) return;
    if (nowMs >= this.#fromMs) this.#sinceStart += length;
    const slot = Math.floor(nowMs / SLOT_MS);
    if (slot !== frame.slot) {
      this.settle(frame);
      frame.slot = slot;
    }
    frame.slotCount += 1;
  }

  /** Adds the arrivals that a frame still counts to the histogram. */
  settle(frame: CachedFrame): void {
    if (frame.slotCount === 0) return;
    const arrivedAtMs = (frame.slot + 0.5) * SLOT_MS;
    for (const sentAtMs of frame.sentAtMs) {
      if (sentAtMs >= this.#fromMs && sentAtMs < this.#toMs)
        this.#histogram.add(arrivedAtMs - sentAtMs, frame.slotCount);
    }
    frame.slotCount = 0;
  }
}
