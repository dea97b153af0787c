import type { CachedFrame } from './frame-cache.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** Arrivals within this time count as one: far below what is measured, and a tenth of the work. */
const SLOT_MS = 1 / 16;

/** When messages arrive, and how long they took: every message at every client. */
export class Arrivals {
  #histogram = new LatencyHistogram();
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.POSITIVE_INFINITY;
  #sinceStart = 0;

  /** From here on, latencies are those of messages sent in this time. */
  observe(fromMs: number, toMs: number): void {
    this.#histogram = new LatencyHistogram();
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#sinceStart = 0;
  }

  /** Deliveries that arrived since the observed time began, whenever they were sent. */
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

  /** Puts the arrivals that a frame still holds into the histogram. */
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
