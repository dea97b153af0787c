import type { EventRecord, RecordedEvent, Refused, Rejected, Sent, SessionClosed } from './event-record.ts';

/** A stretch of the run: half-open, `[fromMs, toMs)`. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

export const isIn = (atMs: number, { fromMs, toMs }: Period) => atMs >= fromMs && atMs < toMs;

/** Sessions that ended in this time. */
export const closedIn = (events: readonly RecordedEvent[], period: Period): SessionClosed[] =>
  events.filter((event): event is SessionClosed => event.type === 'closed' && isIn(event.atMs, period));

/**
 * What clients were refused in this time: to be let in, or a message. A message whose answer went down with its connection was
 * not refused.
 */
export const refusalsIn = (events: readonly RecordedEvent[], period: Period): (Rejected | Refused)[] =>
  events.filter(
    (event): event is Rejected | Refused =>
      (event.type === 'rejected' || (event.type === 'refused' && event.code !== 'NO_ANSWER')) &&
      isIn(event.atMs, period),
  );

/**
 * How long each of these clients was out each time that it left in this time: from its disconnect to its next connect, ms; where
 * it never came back, Infinity.
 */
export function outagesMs(events: readonly RecordedEvent[], period: Period, clients: ReadonlySet<string>): number[] {
  const outSinceMs = new Map<string, number>();
  const outages: number[] = [];
  for (const event of events) {
    if (event.type === 'closed' && clients.has(event.client) && isIn(event.atMs, period))
      outSinceMs.set(event.client, event.atMs);
    if (event.type !== 'opened') continue;
    const sinceMs = outSinceMs.get(event.client);
    if (sinceMs !== undefined) outages.push(event.atMs - sinceMs);
    outSinceMs.delete(event.client);
  }
  return [...outages, ...[...outSinceMs].map(() => Number.POSITIVE_INFINITY)];
}

/** From sending to showing up, ms: of each message sent in this time, at each of these clients but its sender. */
export function deliveriesMs(record: EventRecord, period: Period, viewers: ReadonlySet<string>): number[] {
  const sent = sentIn(record, period);
  return firstSights(record, new Set(sent.keys())).flatMap(({ client, clientMessageId, atMs }) => {
    const original = sent.get(clientMessageId);
    return original && original.client !== client && viewers.has(client) ? [atMs - original.atMs] : [];
  });
}

/** When the last member had the last message that was sent in this time and acked at all; Infinity where one never had it. */
export function caughtUpAtMs(record: EventRecord, period: Period): number {
  const sent = sentIn(record, period);
  const acked = new Set(
    record.events
      .flatMap((event) => (event.type === 'acked' ? [event.clientMessageId] : []))
      .filter((id) => sent.has(id)),
  );
  const members = new Map(record.conversations.map(({ id, memberIds }) => [id, new Set(memberIds)]));
  const witnesses = record.clients.filter(({ seesEverything }) => seesEverything);
  let missing = 0;
  for (const id of acked) {
    const memberIds = members.get(sent.get(id)?.conversationId ?? '');
    missing += witnesses.filter(({ userId }) => memberIds?.has(userId)).length;
  }
  const names = new Set(witnesses.map(({ name }) => name));
  const sights = firstSights(record, acked).filter(({ client }) => names.has(client));
  if (sights.length < missing) return Number.POSITIVE_INFINITY;
  return sights.reduce((latestMs, { atMs }) => Math.max(latestMs, atMs), period.fromMs);
}

/** The load never uses an id twice, so that it names a message by itself. */
const sentIn = ({ events }: EventRecord, period: Period): Map<string, Sent> =>
  new Map(
    events
      .filter((event): event is Sent => event.type === 'sent' && isIn(event.atMs, period))
      .map((event) => [event.clientMessageId, event]),
  );

interface Sight {
  readonly client: string;
  readonly clientMessageId: string;
  readonly atMs: number;
}

/** The first time that each of these messages showed up at each client. */
function firstSights({ events }: EventRecord, ids: ReadonlySet<string>): Sight[] {
  const sights = new Map<string, Sight>();
  for (const event of events) {
    if (event.type !== 'seen' || !ids.has(event.clientMessageId)) continue;
    const { client, clientMessageId, atMs } = event;
    const name = `${client} ${clientMessageId}`;
    if (!sights.has(name)) sights.set(name, { client, clientMessageId, atMs });
  }
  return [...sights.values()];
}
