import type { EventRecord, RecordedEvent, Refused, Rejected, Sent, SessionClosed } from './event-record.ts';

/** A period of the run: half-open, `[fromMs, toMs)`. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

export const isIn = (atMs: number, { fromMs, toMs }: Period) => atMs >= fromMs && atMs < toMs;

/** Returns the ends of sessions in a period. */
export const closedIn = (events: readonly RecordedEvent[], period: Period): SessionClosed[] =>
  events.filter((event): event is SessionClosed => event.type === 'closed' && isIn(event.atMs, period));

/**
 * Returns the rejected connections and refused messages in a period. A message attempt without an answer is not counted, because
 * it may have succeeded.
 */
export const refusalsIn = (events: readonly RecordedEvent[], period: Period): (Rejected | Refused)[] =>
  events.filter(
    (event): event is Rejected | Refused =>
      (event.type === 'rejected' || (event.type === 'refused' && event.code !== 'NO_ANSWER')) &&
      isIn(event.atMs, period),
  );

/**
 * Returns the duration of each disconnection that started in a period, for these clients, ms. Infinity for a client that did not
 * reconnect.
 */
export function outagesMs(events: readonly RecordedEvent[], period: Period, clients: ReadonlySet<string>): number[] {
  const disconnectedAtMs = new Map<string, number>();
  const outages: number[] = [];
  for (const event of events) {
    if (event.type === 'closed' && clients.has(event.client) && isIn(event.atMs, period))
      disconnectedAtMs.set(event.client, event.atMs);
    if (event.type !== 'opened') continue;
    const sinceMs = disconnectedAtMs.get(event.client);
    if (sinceMs !== undefined) outages.push(event.atMs - sinceMs);
    disconnectedAtMs.delete(event.client);
  }
  return [...outages, ...[...disconnectedAtMs].map(() => Number.POSITIVE_INFINITY)];
}

/** Returns the time from sending to seeing, ms, for each message sent in a period at each of these clients except the sender. */
export function deliveriesMs(record: EventRecord, period: Period, viewers: ReadonlySet<string>): number[] {
  const sent = sentIn(record, period);
  return firstSeen(record, new Set(sent.keys())).flatMap(({ client, clientMessageId, atMs }) => {
    const original = sent.get(clientMessageId);
    return original && original.client !== client && viewers.has(client) ? [atMs - original.atMs] : [];
  });
}

/**
 * Returns the time at which every connected member had seen every acked message that was sent in a period. Infinity if one was
 * never seen.
 */
export function caughtUpAtMs(record: EventRecord, period: Period): number {
  const sent = sentIn(record, period);
  const acked = new Set(
    record.events
      .flatMap((event) => (event.type === 'acked' ? [event.clientMessageId] : []))
      .filter((id) => sent.has(id)),
  );
  const members = new Map(record.conversations.map(({ id, memberIds }) => [id, new Set(memberIds)]));
  const expectedViewers = record.clients.filter(({ seesEverything }) => seesEverything);
  let expected = 0;
  for (const id of acked) {
    const memberIds = members.get(sent.get(id)?.conversationId ?? '');
    expected += expectedViewers.filter(({ userId }) => memberIds?.has(userId)).length;
  }
  const names = new Set(expectedViewers.map(({ name }) => name));
  const seen = firstSeen(record, acked).filter(({ client }) => names.has(client));
  if (seen.length < expected) return Number.POSITIVE_INFINITY;
  return seen.reduce((latestMs, { atMs }) => Math.max(latestMs, atMs), period.fromMs);
}

/** Clients of a workload never reuse a `clientMessageId`, so it identifies a message without its sender. */
const sentIn = ({ events }: EventRecord, period: Period): Map<string, Sent> =>
  new Map(
    events
      .filter((event): event is Sent => event.type === 'sent' && isIn(event.atMs, period))
      .map((event) => [event.clientMessageId, event]),
  );

interface FirstSeen {
  readonly client: string;
  readonly clientMessageId: string;
  readonly atMs: number;
}

/** Returns the first time at which each client saw each of these messages. */
function firstSeen({ events }: EventRecord, ids: ReadonlySet<string>): FirstSeen[] {
  const seen = new Map<string, FirstSeen>();
  for (const event of events) {
    if (event.type !== 'seen' || !ids.has(event.clientMessageId)) continue;
    const { client, clientMessageId, atMs } = event;
    const name = `${client} ${clientMessageId}`;
    if (!seen.has(name)) seen.set(name, { client, clientMessageId, atMs });
  }
  return [...seen.values()];
}
