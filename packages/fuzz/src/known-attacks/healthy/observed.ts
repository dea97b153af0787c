import { LatencyHistogram } from '@parley/load-kit/generator';

/** The requests of healthy users. A handshake is a new connection with its session:hello. */
export const KINDS = ['send', 'read', 'handshake'] as const;
export type Kind = (typeof KINDS)[number];

/** A request took longer than its deadline. */
export const REQUEST_DEADLINE_MS = 10_000;

/** The requests that healthy users began in one period. */
export class Observed {
  readonly #latencies = new Map<Kind, LatencyHistogram>(KINDS.map((kind) => [kind, new LatencyHistogram()]));
  readonly #all = new LatencyHistogram();
  /** Number of refused and unanswered requests by code, with the kind: "read BUSY". */
  readonly refusals = new Map<string, number>();
  #open = 0;

  /** Requests that are not answered yet. */
  get open(): number {
    return this.#open;
  }

  /** Measures a request. A refused one has no latency. @param request resolves with the code of the refusal */
  async measure(kind: Kind, request: () => Promise<string | undefined>): Promise<void> {
    this.#open += 1;
    const startedAt = performance.now();
    const code = await request().catch((error: Error) => `no answer (${error.name})`);
    const tookMs = performance.now() - startedAt;
    this.#open -= 1;
    if (code !== undefined) this.refuse(`${kind} ${code}`);
    else {
      this.#latencies.get(kind)?.add(tookMs);
      this.#all.add(tookMs);
    }
  }

  refuse(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  /** Returns the p99 in ms. A kind without any answer has NaN. */
  p99Ms(kind: Kind | 'all'): number {
    const latencies = kind === 'all' ? this.#all : this.#latencies.get(kind);
    return latencies && latencies.total > 0 ? latencies.quantileMs(0.99) : Number.NaN;
  }
}
