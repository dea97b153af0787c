import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';

/** The shortest interval that a reading covers. */
const SAMPLE_MS = 200;

/** The share of CPU time used on this host by all processes on all cores, from 0 to 1. Costs nothing unless it is read. */
export class HostCpuUsage {
  #previous = readCpuTimes();
  #sampledAt = performance.now();
  #current = 0;

  /** The reading of the last complete interval. */
  get current(): number {
    const now = performance.now();
    if (now - this.#sampledAt >= SAMPLE_MS) {
      const reading = readCpuTimes();
      const totalMs = reading.totalMs - this.#previous.totalMs;
      if (totalMs > 0) this.#current = 1 - (reading.idleMs - this.#previous.idleMs) / totalMs;
      this.#previous = reading;
      this.#sampledAt = now;
    }
    return this.#current;
  }
}

function readCpuTimes(): { totalMs: number; idleMs: number } {
  const reading = { totalMs: 0, idleMs: 0 };
  for (const { times } of cpus()) {
    reading.totalMs += times.user + times.nice + times.sys + times.irq + times.idle;
    reading.idleMs += times.idle;
  }
  return reading;
}
