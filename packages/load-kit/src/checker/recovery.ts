import type { RecordedFault } from '../events/event-record.ts';
import { type Evidence, keyOf, type MessageKey } from './evidence.ts';

/** The longest recovery from the faults of one kind. */
export interface KindRecovery {
  readonly kind: string;
  readonly faults: number;
  readonly longestMs: number;
}

/** The time in which a message was on its way: from its sending until it was acked and every member had seen it. */
interface Journey {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A message that takes longer than this waits for a fault. */
const SLOW_MS = 500;
/** Between two slow messages may be this much time without any: clients pause between their messages. */
const GAP_MS = 500;

/**
 * Returns the longest recovery for each kind of fault. A recovery ends when messages are acked and delivered in time again. It
 * begins at the end of the fault; at its begin if others take over while it lasts. Time in which another fault is active does not
 * count.
 */
export function recoveriesOf(evidence: Evidence): KindRecovery[] {
  const { faults } = evidence.record;
  const slow = journeysOf(evidence)
    .filter(({ fromMs, toMs }) => toMs - fromMs > SLOW_MS)
    .sort((a, b) => a.fromMs - b.fromMs);
  const byKind = Map.groupBy(faults, ({ kind }) => kind);
  return [...byKind]
    .map(([kind, ofKind]) => ({
      kind,
      faults: ofKind.length,
      longestMs: Math.round(Math.max(...ofKind.map((fault) => recoveryMs(fault, slow, faults)))),
    }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

/** @param slow ordered by their begin */
function recoveryMs(fault: RecordedFault, slow: readonly Journey[], faults: readonly RecordedFault[]): number {
  const beginMs = fault.isTakenOver ? fault.atMs : fault.endedAtMs;
  let recoveredAtMs = beginMs;
  for (const { fromMs, toMs } of slow) {
    if (fromMs > recoveredAtMs + GAP_MS) break;
    recoveredAtMs = Math.max(recoveredAtMs, toMs);
  }
  const others = faults
    .filter((other) => other !== fault && other.endedAtMs > beginMs && other.atMs < recoveredAtMs)
    .sort((a, b) => a.atMs - b.atMs);
  let countedMs = recoveredAtMs - beginMs;
  let passedMs = beginMs;
  for (const { atMs, endedAtMs } of others) {
    const untilMs = Math.min(endedAtMs, recoveredAtMs);
    countedMs -= Math.max(0, untilMs - Math.max(atMs, passedMs));
    passedMs = Math.max(passedMs, untilMs);
  }
  return countedMs;
}

function journeysOf({ record, sent, acked, seenBy }: Evidence): Journey[] {
  const expected = new Set(record.clients.filter(({ seesEverything }) => seesEverything).map(({ name }) => name));
  const lastSeenAtMs = new Map<MessageKey, number>();
  const seen = new Map([...seenBy.keys()].map((name) => [name, new Set<MessageKey>()]));
  for (const event of record.events) {
    if (event.type !== 'seen' || !expected.has(event.client)) continue;
    const key = keyOf(event);
    const before = seen.get(event.client);
    if (before?.has(key)) continue;
    before?.add(key);
    lastSeenAtMs.set(key, event.atMs);
  }
  return [...acked].flatMap(([key, { atMs }]) => {
    const fromMs = sent.get(key)?.atMs;
    return fromMs === undefined ? [] : [{ fromMs, toMs: Math.max(atMs, lastSeenAtMs.get(key) ?? atMs) }];
  });
}
