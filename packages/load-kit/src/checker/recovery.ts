import type { Evidence } from './evidence.ts';

/**
 * Returns the longest time from the end of a fault to the ack of a message that was waiting while the fault was active, ms. If
 * several faults were active while it waited, the time is measured from the end of the first one.
 */
export function longestRecoveryMs({ record, sent, acked }: Evidence): number {
  let longestMs = 0;
  for (const [key, { atMs: ackedAtMs }] of acked) {
    const sentAtMs = sent.get(key)?.atMs ?? ackedAtMs;
    for (const { atMs, endedAtMs } of record.faults) {
      const overlaps = atMs <= ackedAtMs && endedAtMs >= sentAtMs;
      if (overlaps) longestMs = Math.max(longestMs, ackedAtMs - endedAtMs);
    }
  }
  return Math.round(longestMs);
}
