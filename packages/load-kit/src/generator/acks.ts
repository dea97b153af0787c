import type { AckReport } from './commands.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** Records how long acks took, and how many each client got. */
export class Acks {
  #latencies = new LatencyHistogram();
  #byClient: number[];
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.POSITIVE_INFINITY;

  constructor(clients: number) {
    this.#byClient = Array.from({ length: clients }, () => 0);
  }

  /** Starts a new measurement. It includes messages that are due in this period. */
  observe(fromMs: number, toMs: number): void {
    this.#latencies = new LatencyHistogram();
    this.#byClient.fill(0);
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** @param client its position in the pool */
  note(client: number, dueMs: number, nowMs: number): void {
    if (dueMs < this.#fromMs || dueMs >= this.#toMs) return;
    this.#latencies.add(nowMs - dueMs);
    this.#byClient[client] = (this.#byClient[client] ?? 0) + 1;
  }

  report(): AckReport {
    return { latencies: this.#latencies.toSparse(), byClient: this.#byClient };
  }
}
