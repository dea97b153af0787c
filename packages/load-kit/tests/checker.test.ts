// Above 300 lines: it is one list, with a test for every kind of violation.
import { expect, test } from '@jest/globals';
import { explainViolation } from '../src/checker/explain-violation.ts';
import { judge } from '../src/checker/index.ts';
import { VIOLATION_KINDS, type ViolationKind } from '../src/checker/verdict.ts';
import type { RecordedEvent, Seen } from '../src/events/event-record.ts';
import { seededRandom } from '../src/seeded-random.ts';
import { cleanRecord, type DraftRecord } from './clean-record.ts';

/** Returns the kinds of violations that the checker finds. */
const violationKindsOf = (record: DraftRecord): ViolationKind[] => {
  const { verdict } = judge(record);
  return VIOLATION_KINDS.filter((kind) => verdict[kind] > 0);
};

const seenBy = (record: DraftRecord, client: string, conversationId = 'lobby') =>
  record.events.filter(
    (event): event is Seen =>
      event.type === 'seen' && event.client === client && event.conversationId === conversationId,
  );

const drop = (record: DraftRecord, isGone: (event: RecordedEvent) => boolean) => {
  record.events = record.events.filter((event) => !isGone(event));
};

function replace<T>(list: T[], item: T, changed: Partial<T>): void {
  list[list.indexOf(item)] = { ...item, ...changed };
}

const last = <T>(list: readonly T[]): T => list.at(-1) as T;

test('a correct run has no violation; acks, faults and recoveries are counted', () => {
  const none = { lost: 0, lostByRedis: 0, duplicated: 0, reordered: 0 };
  expect(judge(cleanRecord())).toEqual({
    verdict: {
      ...{ acked: 30, faults: 1, ...none, placeholders: 0, unexpected: 0, gaps: 0 },
      ...{ limitViolations: 0, longestRecoveryMs: 0 },
    },
    clients: { library: { acked: 17, ...none }, plain: { acked: 13, ...none } },
    recoveries: [{ kind: 'kill', faults: 1, longestMs: 0 }],
    violations: [],
  });
});

const errors: [error: string, found: ViolationKind, make: (record: DraftRecord) => void][] = [
  ['an acked message that is not stored', 'lost', (record) => record.stored.pop()],
  ['an acked message that is in no page', 'lost', (record) => record.pages.pop()],
  [
    'an acked message that one member never saw',
    'lost',
    (record) => {
      const unseen = seenBy(record, 'library-2')[3];
      drop(record, (event) => event === unseen);
    },
  ],
  [
    'a message at two positions',
    'duplicated',
    (record) => {
      const message = { ...last(record.stored), seq: last(record.stored).seq + 1 };
      record.stored.push(message);
      record.pages.push(message);
    },
  ],
  ['a message with two ids', 'duplicated', (record) => replace(record.pages, last(record.pages), { id: 'another' })],
  [
    'two messages at one position',
    'duplicated',
    (record) => {
      const { conversationId, seq } = last(record.stored);
      for (const clientMessageId of ['x', 'y']) {
        const message = { conversationId, clientMessageId, textHash: 't' };
        const place = { seq: seq + 1, id: clientMessageId, senderId: 'u1' };
        record.events.push({ type: 'sent', atMs: 900, client: 'plain-1', ...message });
        record.events.push({ type: 'seen', atMs: 901, client: 'plain-1', how: 'live', ...message, ...place });
      }
    },
  ],
  [
    'a message that a library client displays twice',
    'duplicated',
    (record) => record.events.push(last(seenBy(record, 'library-1'))),
  ],
  [
    'a message that nobody sent',
    'unexpected',
    (record) => {
      const { seq } = last(record.stored);
      const invented = { ...last(record.stored), clientMessageId: 'invented', seq: seq + 1, id: 'x' };
      record.stored.push(invented);
      record.pages.push(invented);
    },
  ],
  [
    'a message with a different text',
    'unexpected',
    (record) => {
      const seen = last(seenBy(record, 'plain-1'));
      replace(record.events, seen as RecordedEvent, { textHash: 'other' });
    },
  ],
  [
    'a message seen by a non-member',
    'unexpected',
    (record) => {
      const secret = last(seenBy(record, 'plain-1', 'direct'));
      record.events.push({ ...secret, client: 'rejected-1' });
    },
  ],
  [
    'a library client that displays a message after its successor',
    'reordered',
    (record) => {
      const [first, second] = seenBy(record, 'library-1');
      if (!first || !second) return;
      drop(record, (event) => event === first);
      record.events.splice(record.events.indexOf(second) + 1, 0, { ...first, atMs: second.atMs });
    },
  ],
  [
    'a message with a lower seq than one that was acked before it was sent',
    'reordered',
    (record) => {
      const own = record.stored.filter(
        ({ senderId, conversationId }) => senderId === 'u1' && conversationId === 'lobby',
      );
      const [first, second] = own;
      if (!first || !second) return;
      swapPositions(record, first.clientMessageId, second.clientMessageId);
      // Only the order of sends is wrong, not the displays.
      drop(record, (event) => event.type === 'seen');
      record.clients = record.clients.map((client) => ({ ...client, seesEverything: false }));
    },
  ],
  [
    'more sessions than slots',
    'limitViolations',
    (record) => {
      record.events.unshift({ type: 'opened', atMs: 150, client: 'rejected-1', session: 9, node: 'chat-server-2' });
      record.events.push({ type: 'served', atMs: 170, client: 'rejected-1', session: 9, askedAtMs: 160 });
    },
  ],
  [
    'two sessions of one user',
    'limitViolations',
    (record) => {
      record.limits.maxClients = 50;
      record.events.unshift({ type: 'opened', atMs: 150, client: 'plain-1', session: 9, node: 'chat-server-2' });
      record.events.push({ type: 'served', atMs: 170, client: 'plain-1', session: 9, askedAtMs: 160 });
    },
  ],
  [
    'too many messages in process',
    'limitViolations',
    (record) => record.events.push({ type: 'sample', atMs: 500, inProcess: 6, leases: 3 }),
  ],
  [
    'more leases than slots',
    'limitViolations',
    (record) => record.events.push({ type: 'sample', atMs: 500, inProcess: 1, leases: 4 }),
  ],
];

function swapPositions(record: DraftRecord, a: string, b: string): void {
  const seqs = new Map(record.stored.map(({ clientMessageId, seq }) => [clientMessageId, seq]));
  const swapped = new Map([
    [a, seqs.get(b) ?? 0],
    [b, seqs.get(a) ?? 0],
  ]);
  const moved = <T extends { clientMessageId: string; seq: number }>(item: T): T => ({
    ...item,
    seq: swapped.get(item.clientMessageId) ?? item.seq,
  });
  record.stored = record.stored.map(moved);
  record.pages = record.pages.map(moved);
  record.events = record.events.map((event) => (event.type === 'acked' ? moved(event) : event));
}

test.each(errors)('reports %s as %s only', (_error, found, make) => {
  const record = cleanRecord();
  make(record);
  const { verdict, violations } = judge(record);
  expect(violationKindsOf(record)).toEqual([found]);
  expect(verdict[found]).toBe(1);
  expect(explainViolation(record, last(violations)).length).toBeGreaterThan(0);
});

test('reports a gap in the store together with the lost message', () => {
  const record = cleanRecord();
  record.stored.splice(4, 1);
  expect(violationKindsOf(record)).toEqual(['lost', 'gaps']);
});

test('a missing position without an ack is a gap', () => {
  const record = cleanRecord();
  const { clientMessageId } = record.stored[4] ?? last(record.stored);
  record.stored.splice(4, 1);
  drop(record, (event) => event.type === 'acked' && event.clientMessageId === clientMessageId);
  expect(violationKindsOf(record)).toEqual(['gaps']);
});

test('a message without an ack may exist or not', () => {
  const record = cleanRecord();
  const { clientMessageId } = last(record.stored);
  drop(record, (event) => event.type === 'acked' && event.clientMessageId === clientMessageId);
  expect(violationKindsOf(record)).toEqual([]);
  record.stored.pop();
  record.pages.pop();
  drop(record, (event) => event.type === 'seen' && event.clientMessageId === clientMessageId);
  expect(violationKindsOf(record)).toEqual([]);
});

test('a plain client may see repeats and reordering, and a library client may reload', () => {
  const record = cleanRecord();
  record.events.push(...seenBy(record, 'plain-1').reverse());
  record.events.push({ type: 'cleared', atMs: 999, client: 'library-1', conversationId: 'lobby' });
  record.events.push(...seenBy(record, 'library-1'));
  expect(violationKindsOf(record)).toEqual([]);
});

test('a library client may drop its oldest messages, and display them again', () => {
  const record = cleanRecord();
  const oldest = seenBy(record, 'library-1').slice(0, 5);
  const belowSeq = (oldest.at(-1)?.seq ?? 0) + 1;
  const again = oldest.reverse().map((event): Seen => ({ ...event, atMs: 999, how: 'older' }));
  record.events.push({ type: 'dropped', atMs: 998, client: 'library-1', conversationId: 'lobby', belowSeq }, ...again);
  expect(violationKindsOf(record)).toEqual([]);
  record.events.push(...again.slice(0, 1));
  expect(violationKindsOf(record)).toEqual(['duplicated']);
});

test('a session that serves no more requests does not count, even if its client keeps it', () => {
  const record = cleanRecord();
  drop(record, (event) => event.type === 'served' && event.session === 0 && event.atMs > 150);
  record.events.push({ type: 'opened', atMs: 200, client: 'rejected-1', session: 9, node: 'chat-server-2' });
  record.events.push({ type: 'served', atMs: 300, client: 'rejected-1', session: 9, askedAtMs: 299 });
  expect(violationKindsOf(record)).toEqual([]);
});

const at = <T>(list: T[], random: () => number) => Math.floor(random() * list.length);

const mutations: [name: string, mutate: (record: DraftRecord, random: () => number) => void][] = [
  ['drops a stored message', ({ stored }, random) => stored.splice(at(stored, random), 1)],
  ['drops a message from the pages', ({ pages }, random) => pages.splice(at(pages, random), 1)],
  [
    'drops a seen event',
    (record, random) => {
      const seenEvents = record.events.filter(({ type }) => type === 'seen');
      const gone = seenEvents[at(seenEvents, random)];
      drop(record, (event) => event === gone);
    },
  ],
  [
    'stores a message twice',
    ({ stored }, random) => {
      const copied = stored[at(stored, random)];
      if (copied) stored.push({ ...copied, seq: 1_000 });
    },
  ],
  [
    'displays a message again',
    (record, random) => {
      const shown = seenBy(record, 'library-1');
      const again = shown[at(shown, random)];
      if (again) record.events.push(again);
    },
  ],
  [
    'swaps two stored messages',
    ({ stored }, random) => {
      const index = 1 + at(stored.slice(1), random);
      const [a, b] = [stored[index - 1], stored[index]];
      if (a && b) stored.splice(index - 1, 2, { ...a, seq: b.seq + 50 }, { ...b, seq: a.seq });
    },
  ],
  [
    'swaps two messages of a display',
    (record, random) => {
      const shown = seenBy(record, 'library-2');
      const index = 1 + at(shown.slice(1), random);
      const [a, b] = [shown[index - 1], shown[index]];
      if (!a || !b) return;
      const [first, second] = [record.events.indexOf(a), record.events.indexOf(b)];
      record.events[first] = b;
      record.events[second] = a;
    },
  ],
  [
    'changes a text',
    (record, random) => {
      const index = at(record.stored, random);
      const message = record.stored[index];
      if (message) record.stored[index] = { ...message, textHash: 'changed' };
    },
  ],
];

test.each(mutations)('detects every random mutation that %s', (_name, mutate) => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const record = cleanRecord(60);
    mutate(record, seededRandom(seed));
    expect({ seed, broken: violationKindsOf(record).length > 0 }).toEqual({ seed, broken: true });
  }
});
