import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** The shortest interval that a reading covers. */
const SAMPLE_MS = 100;

/** The share of time for which this process's event loop was busy, from 0 to 1. Costs nothing unless it is read. */
export class EventLoopUtilisation {
  #previous: EventLoopUtilization = performance.eventLoopUtilization();
  #sampledAt = performance.now();
  #current = 0;

  /** The reading of the last complete interval. */
  get current(): number {
    const now = performance.now();
    if (now - this.#sampledAt >= SAMPLE_MS) {
      const reading = performance.eventLoopUtilization();
      this.#current = performance.eventLoopUtilization(reading, this.#previous).utilization;
      this.#previous = reading;
      this.#sampledAt = now;
    }
    return this.#current;
  }
}

/** Returns 0 up to `low`, 1 from `high` on, and a linear value between the two. */
export const linearRamp = (value: number, [low, high]: readonly [number, number]): number =>
  Math.min(1, Math.max(0, (value - low) / (high - low)));
