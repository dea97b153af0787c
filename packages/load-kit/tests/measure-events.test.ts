import { expect, test } from '@jest/globals';
import type { RecordedEvent } from '../src/events/event-record.ts';
import { caughtUpAtMs, closedIn, deliveriesMs, outagesMs, refusalsIn } from '../src/events/measure-events.ts';
import { cleanRecord } from './clean-record.ts';

const ALWAYS = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };
const opened = (atMs: number, client: string): RecordedEvent => ({
  ...{ type: 'opened', atMs, client, session: atMs, node: 'chat-server-1' },
});
const closed = (atMs: number, client: string): RecordedEvent => ({
  ...{ type: 'closed', atMs, client, session: atMs, reason: 'lost' },
});

test('an outage lasts from a disconnect to the next connect', () => {
  const events = [
    ...[opened(0, 'a'), opened(1, 'b'), closed(10, 'a'), closed(20, 'b'), opened(25, 'a'), opened(120, 'b')],
    ...[closed(200, 'a'), opened(207, 'a')],
  ];
  expect(outagesMs(events, ALWAYS, new Set(['a', 'b']))).toEqual([15, 100, 7]);
  expect(outagesMs(events, ALWAYS, new Set(['b']))).toEqual([100]);
  expect(outagesMs(events, { fromMs: 15, toMs: 200 }, new Set(['a', 'b']))).toEqual([100]);
});

test('an outage without a reconnect is infinite', () => {
  expect(outagesMs([opened(0, 'a'), closed(10, 'a')], ALWAYS, new Set(['a']))).toEqual([Number.POSITIVE_INFINITY]);
});

test('a period includes its start and excludes its end', () => {
  const events = [closed(9, 'a'), closed(10, 'b'), closed(20, 'c')];
  expect(closedIn(events, { fromMs: 10, toMs: 20 })).toEqual([events[1]]);
});

test('a message without an answer is not counted as refused, a connection without an answer is', () => {
  const events: RecordedEvent[] = [
    { type: 'refused', atMs: 1, client: 'a', clientMessageId: 'm1', code: 'NO_ANSWER' },
    { type: 'refused', atMs: 2, client: 'a', clientMessageId: 'm1', code: 'BUSY' },
    { type: 'rejected', atMs: 3, client: 'a', code: 'NO_ANSWER' },
    { type: 'rejected', atMs: 4, client: 'a', code: 'SHUTTING_DOWN' },
  ];
  expect(refusalsIn(events, ALWAYS)).toEqual(events.slice(1));
});

test('a delivery lasts from sending to the first time that each client except the sender sees the message', () => {
  const record = cleanRecord(3);
  // Sent at 100, 110 and 120, seen 4 ms later: the first two in the lobby by three, the last one by two.
  const everyone = new Set(record.clients.map(({ name }) => name));
  expect(deliveriesMs(record, ALWAYS, everyone)).toEqual([4, 4, 4, 4, 4]);
  expect(deliveriesMs(record, { fromMs: 110, toMs: 120 }, everyone)).toEqual([4, 4]);
  expect(deliveriesMs(record, ALWAYS, new Set(['library-2']))).toEqual([4, 4]);
  const again = record.events.filter(({ type }) => type === 'seen').map((event) => ({ ...event, atMs: 900 }));
  record.events.push(...again);
  expect(deliveriesMs(record, ALWAYS, everyone)).toEqual([4, 4, 4, 4, 4]);
});

test('all clients have caught up when the last member has seen the last acked message', () => {
  const record = cleanRecord(3);
  expect(caughtUpAtMs(record, ALWAYS)).toBe(124);
  expect(caughtUpAtMs(record, { fromMs: 0, toMs: 110 })).toBe(104);
  const late = record.events.find(
    (event) => event.type === 'seen' && event.client === 'library-2' && event.clientMessageId === 'c0',
  );
  record.events = record.events.map((event) => (event === late ? { ...event, atMs: 700 } : event));
  expect(caughtUpAtMs(record, { fromMs: 0, toMs: 110 })).toBe(700);
});

test('the catch-up time is infinite while a member lacks an acked message', () => {
  const record = cleanRecord(3);
  record.events = record.events.filter(
    (event) => !(event.type === 'seen' && event.client === 'library-2' && event.clientMessageId === 'c1'),
  );
  expect(caughtUpAtMs(record, ALWAYS)).toBe(Number.POSITIVE_INFINITY);
  expect(caughtUpAtMs(record, { fromMs: 0, toMs: 110 })).toBe(104);
});

test('a message without an ack does not delay catching up', () => {
  const record = cleanRecord(3);
  record.events = record.events.filter(
    (event) => !((event.type === 'seen' || event.type === 'acked') && event.clientMessageId === 'c1'),
  );
  expect(caughtUpAtMs(record, ALWAYS)).toBe(124);
});
