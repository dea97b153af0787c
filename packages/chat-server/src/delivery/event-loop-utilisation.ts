import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** How long one reading covers. */
const SAMPLE_MS = 100;

/** How much of its time this process's event loop has been busy of late: 0 = idle, 1 = never idle. Costs nothing unless asked. */
export class EventLoopUtilisation {
  #since: EventLoopUtilization = performance.eventLoopUtilization();
  #sampledAt = performance.now();
  #busy = 0;

  get busy(): number {
    const now = performance.now();
    if (now - this.#sampledAt >= SAMPLE_MS) {
      const reading = performance.eventLoopUtilization();
      this.#busy = performance.eventLoopUtilization(reading, this.#since).utilization;
      this.#since = reading;
      this.#sampledAt = now;
    }
    return this.#busy;
  }
}

/** How far a reading is on the way from the one that asks for nothing to the one that asks for all: 0 to 1. */
export const linearRamp = (reading: number, [none, all]: readonly [number, number]): number =>
  Math.min(1, Math.max(0, (reading - none) / (all - none)));
