import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';

/** How long one reading covers. */
const SAMPLE_MS = 200;

/** How much of the machine's time, all cores together, was used of late, by whomever: 0 to 1. Costs nothing unless asked. */
export class HostCpuUsage {
  #since = readTimes();
  #sampledAt = performance.now();
  #busy = 0;

  get busy(): number {
    const now = performance.now();
    if (now - this.#sampledAt >= SAMPLE_MS) {
      const reading = readTimes();
      const allMs = reading.allMs - this.#since.allMs;
      if (allMs > 0) this.#busy = 1 - (reading.idleMs - this.#since.idleMs) / allMs;
      this.#since = reading;
      this.#sampledAt = now;
    }
    return this.#busy;
  }
}

function readTimes(): { allMs: number; idleMs: number } {
  const reading = { allMs: 0, idleMs: 0 };
  for (const { times } of cpus()) {
    reading.allMs += times.user + times.nice + times.sys + times.irq + times.idle;
    reading.idleMs += times.idle;
  }
  return reading;
}
