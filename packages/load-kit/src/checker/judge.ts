import type { EventRecord } from '../events/event-record.ts';
import { findDuplicated, findUnexpected } from './check-identity.ts';
import { findLimitViolations } from './check-limits.ts';
import { findMisdisplayed, findMisplaced } from './check-order.ts';
import { findGaps, findLost } from './check-presence.ts';
import { gatherEvidence } from './evidence.ts';
import { longestRecoveryMs } from './recovery.ts';
import type { Breach, Judgement } from './verdict.ts';

/** Holds a recorded record against the promises. Knows nothing of the system but what clients and the store show. */
export function judge(record: EventRecord): Judgement {
  const evidence = gatherEvidence(record);
  const violations = [
    ...findLost(evidence),
    ...findGaps(evidence),
    ...findDuplicated(evidence),
    ...findUnexpected(evidence),
    ...findMisdisplayed(evidence),
    ...findMisplaced(evidence),
    ...findLimitViolations(evidence),
  ];
  const count = (breach: Breach) => violations.filter((violation) => violation.breach === breach).length;
  const verdict = {
    acked: evidence.acked.size,
    faults: record.faults.length,
    lost: count('lost'),
    duplicated: count('duplicated'),
    unexpected: count('unexpected'),
    reordered: count('reordered'),
    gaps: count('gaps'),
    limitViolations: count('limitViolations'),
    longestRecoveryMs: longestRecoveryMs(evidence),
  };
  return { verdict, violations };
}
