import type { ErrorBody } from '@parley/protocol';

interface Refusal {
  readonly body: ErrorBody;
  /** By the monotonic clock. */
  readonly untilMs: number;
}

/**
 * Remembers until when the cluster has refused a kind of call with `RATE_LIMITED`. Such a call is not sent before that time: it would be refused again, and may count against the limit.
 */
export class RateLimits {
  readonly #refusals = new Map<string, Refusal>();

  /** Returns the refusal that is still in force, with the time that is left of it. */
  refusalOf(kind: string): ErrorBody | undefined {
    const refusal = this.#refusals.get(kind);
    const leftMs = (refusal?.untilMs ?? 0) - performance.now();
    return refusal && leftMs > 0 ? { ...refusal.body, retryAfterMs: Math.ceil(leftMs) } : undefined;
  }

  /** Has no effect for other errors, and for a refusal without a time. */
  learn(kind: string, { code, message, retryable, retryAfterMs }: ErrorBody): void {
    if (code !== 'RATE_LIMITED' || retryAfterMs === undefined) return;
    const nowMs = performance.now();
    for (const [known, { untilMs }] of this.#refusals) if (untilMs <= nowMs) this.#refusals.delete(known);
    this.#refusals.set(kind, { body: { code, message, retryable }, untilMs: nowMs + retryAfterMs });
  }
}
