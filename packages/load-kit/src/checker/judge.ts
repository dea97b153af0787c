import type { EventRecord, RecordedClient } from '../events/event-record.ts';
import { findDuplicated, findUnexpected } from './check-identity.ts';
import { findLimitViolations } from './check-limits.ts';
import { findDisplayErrors, findSendOrderErrors } from './check-order.ts';
import { findGaps, findLost } from './check-presence.ts';
import { gatherEvidence, isPlaceholder } from './evidence.ts';
import { recoveriesOf } from './recovery.ts';
import type { ClientVerdict, Judgement, ViolationKind } from './verdict.ts';

/** Checks an event record against every guarantee. Uses only what clients and the store show, no knowledge of the system. */
export function judge(record: EventRecord): Judgement {
  const evidence = gatherEvidence(record);
  const lost = findLost(evidence);
  const violations = [
    ...lost.violations,
    ...findGaps(evidence),
    ...findDuplicated(evidence),
    ...findUnexpected(evidence),
    ...findDisplayErrors(evidence),
    ...findSendOrderErrors(evidence),
    ...findLimitViolations(evidence),
  ];
  const count = (kind: ViolationKind) => violations.filter((violation) => violation.kind === kind).length;
  const ofClients = (kind: RecordedClient['kind']): ClientVerdict => {
    const affecting = violations.filter(({ clients }) => clients === kind);
    const countOf = (violation: ViolationKind) => affecting.filter((other) => other.kind === violation).length;
    return {
      acked: [...evidence.acked.values()].filter(({ client }) => evidence.clients.get(client)?.kind === kind).length,
      lost: countOf('lost'),
      lostByRedis: kind === 'plain' ? lost.allowed : 0,
      duplicated: countOf('duplicated'),
      reordered: countOf('reordered'),
    };
  };
  const recoveries = recoveriesOf(evidence);
  const verdict = {
    acked: evidence.acked.size,
    faults: record.faults.length,
    lost: count('lost'),
    lostByRedis: lost.allowed,
    placeholders: record.stored.filter(isPlaceholder).length,
    duplicated: count('duplicated'),
    unexpected: count('unexpected'),
    reordered: count('reordered'),
    gaps: count('gaps'),
    limitViolations: count('limitViolations'),
    longestRecoveryMs: Math.max(0, ...recoveries.map(({ longestMs }) => longestMs)),
  };
  return { verdict, violations, recoveries, clients: { library: ofClients('library'), plain: ofClients('plain') } };
}
