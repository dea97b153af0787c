import type { EventRecord } from '../events/event-record.ts';
import { findDuplicated, findUnexpected } from './check-identity.ts';
import { findLimitViolations } from './check-limits.ts';
import { findDisplayErrors, findSendOrderErrors } from './check-order.ts';
import { findGaps, findLost } from './check-presence.ts';
import { gatherEvidence } from './evidence.ts';
import { longestRecoveryMs } from './recovery.ts';
import type { Judgement, ViolationKind } from './verdict.ts';

/** Checks an event record against every guarantee. Uses only what clients and the store show, no knowledge of the system. */
export function judge(record: EventRecord): Judgement {
  const evidence = gatherEvidence(record);
  const violations = [
    ...findLost(evidence),
    ...findGaps(evidence),
    ...findDuplicated(evidence),
    ...findUnexpected(evidence),
    ...findDisplayErrors(evidence),
    ...findSendOrderErrors(evidence),
    ...findLimitViolations(evidence),
  ];
  const count = (kind: ViolationKind) => violations.filter((violation) => violation.kind === kind).length;
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
