import type { Evidence } from './evidence.ts';

/**
 * The longest that a message waited for its ack after the end of the first fault that hit it while it waited, ms. Where more
 * faults hit it before the ack came, their time counts as well.
 */
export function longestRecoveryMs({ record, sent, acked }: Evidence): number {
  let longestMs = 0;
  for (const [key, { atMs: ackedAtMs }] of acked) {
    const sentAtMs = sent.get(key)?.atMs ?? ackedAtMs;
    for (const { atMs, endedAtMs } of record.faults) {
      const wasHit = atMs <= ackedAtMs && endedAtMs >= sentAtMs;
      if (wasHit) longestMs = Math.max(longestMs, ackedAtMs - endedAtMs);
    }
  }
  return Math.round(longestMs);
}
