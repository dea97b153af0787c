import { expect, test } from '@jest/globals';
import { tellStory } from '../src/checker/explain-violation.ts';
import { judge } from '../src/checker/index.ts';
import { BREACHES, type Breach } from '../src/checker/verdict.ts';
import type { HistoryEvent, Seen } from '../src/events/event-record.ts';
import { seededRandom } from '../src/seeded-random.ts';
import { cleanHistory, type DraftHistory } from './clean-events.ts';

/** The kinds of broken promises that the checker finds. */
const breachesOf = (history: DraftHistory): Breach[] => {
  const { verdict } = judge(history);
  return BREACHES.filter((breach) => verdict[breach] > 0);
};

const seenBy = (history: DraftHistory, client: string, conversationId = 'lobby') =>
  history.events.filter(
    (event): event is Seen =>
      event.type === 'seen' && event.client === client && event.conversationId === conversationId,
  );

const drop = (history: DraftHistory, isGone: (event: HistoryEvent) => boolean) => {
  history.events = history.events.filter((event) => !isGone(event));
};

function replace<T>(list: T[], item: T, changed: Partial<T>): void {
  list[list.indexOf(item)] = { ...item, ...changed };
}

const last = <T>(list: readonly T[]): T => list.at(-1) as T;

test('a run in which everything went as promised is clean, with its acks, faults and longest wait counted', () => {
  expect(judge(cleanHistory())).toEqual({
    verdict: {
      ...{ acked: 30, faults: 1, lost: 0, duplicated: 0, unexpected: 0, reordered: 0, gaps: 0 },
      ...{ limitViolations: 0, longestRecoveryMs: 1 },
    },
    violations: [],
  });
});

const errors: [error: string, found: Breach, make: (history: DraftHistory) => void][] = [
  ['an acked message that is not stored', 'lost', (history) => history.stored.pop()],
  ['an acked message that no page shows', 'lost', (history) => history.pages.pop()],
  [
    'an acked message that one member never saw',
    'lost',
    (history) => {
      const unseen = seenBy(history, 'library-2')[3];
      drop(history, (event) => event === unseen);
    },
  ],
  [
    'a message at two places',
    'duplicated',
    (history) => {
      const message = { ...last(history.stored), seq: last(history.stored).seq + 1 };
      history.stored.push(message);
      history.pages.push(message);
    },
  ],
  ['a message with two ids', 'duplicated', (history) => replace(history.pages, last(history.pages), { id: 'another' })],
  [
    'two messages at one place',
    'duplicated',
    (history) => {
      const { conversationId, seq } = last(history.stored);
      for (const clientMessageId of ['x', 'y']) {
        const message = { conversationId, clientMessageId, textHash: 't' };
        const place = { seq: seq + 1, id: clientMessageId, senderId: 'u1' };
        history.events.push({ type: 'sent', atMs: 900, client: 'plain-1', ...message });
        history.events.push({ type: 'seen', atMs: 901, client: 'plain-1', how: 'live', ...message, ...place });
      }
    },
  ],
  [
    'a message that a library client displays twice',
    'duplicated',
    (history) => history.events.push(last(seenBy(history, 'library-1'))),
  ],
  [
    'a message that nobody sent',
    'unexpected',
    (history) => {
      const { seq } = last(history.stored);
      const invented = { ...last(history.stored), clientMessageId: 'invented', seq: seq + 1, id: 'x' };
      history.stored.push(invented);
      history.pages.push(invented);
    },
  ],
  [
    'another text',
    'unexpected',
    (history) => {
      const seen = last(seenBy(history, 'plain-1'));
      replace(history.events, seen as HistoryEvent, { textHash: 'other' });
    },
  ],
  [
    'a message shown to somebody who is no member',
    'unexpected',
    (history) => {
      const secret = last(seenBy(history, 'plain-1', 'direct'));
      history.events.push({ ...secret, client: 'knocker-1' });
    },
  ],
  [
    'a library client that displays a message after its successor',
    'reordered',
    (history) => {
      const [first, second] = seenBy(history, 'library-1');
      if (!first || !second) return;
      drop(history, (event) => event === first);
      history.events.splice(history.events.indexOf(second) + 1, 0, { ...first, atMs: second.atMs });
    },
  ],
  [
    'a message placed before one that was acked before it was sent',
    'reordered',
    (history) => {
      const own = history.stored.filter(
        ({ senderId, conversationId }) => senderId === 'u1' && conversationId === 'lobby',
      );
      const [first, second] = own;
      if (!first || !second) return;
      swapPlaces(history, first.clientMessageId, second.clientMessageId);
      // Displays stay as they were: what they show is in order.
      drop(history, (event) => event.type === 'seen');
      history.clients = history.clients.map((client) => ({ ...client, seesEverything: false }));
    },
  ],
  [
    'more sessions than places',
    'limitViolations',
    (history) => {
      history.events.unshift({ type: 'opened', atMs: 150, client: 'knocker-1', session: 9, node: 'chat-server-2' });
      history.events.push({ type: 'served', atMs: 170, client: 'knocker-1', session: 9, askedAtMs: 160 });
    },
  ],
  [
    'two sessions of one user',
    'limitViolations',
    (history) => {
      history.limits.maxClients = 50;
      history.events.unshift({ type: 'opened', atMs: 150, client: 'plain-1', session: 9, node: 'chat-server-2' });
      history.events.push({ type: 'served', atMs: 170, client: 'plain-1', session: 9, askedAtMs: 160 });
    },
  ],
  [
    'too many messages in process',
    'limitViolations',
    (history) => history.events.push({ type: 'sample', atMs: 500, inProcess: 6, leases: 3 }),
  ],
  [
    'more leases than places',
    'limitViolations',
    (history) => history.events.push({ type: 'sample', atMs: 500, inProcess: 1, leases: 4 }),
  ],
];

function swapPlaces(history: DraftHistory, a: string, b: string): void {
  const seqs = new Map(history.stored.map(({ clientMessageId, seq }) => [clientMessageId, seq]));
  const swapped = new Map([
    [a, seqs.get(b) ?? 0],
    [b, seqs.get(a) ?? 0],
  ]);
  const moved = <T extends { clientMessageId: string; seq: number }>(item: T): T => ({
    ...item,
    seq: swapped.get(item.clientMessageId) ?? item.seq,
  });
  history.stored = history.stored.map(moved);
  history.pages = history.pages.map(moved);
  history.events = history.events.map((event) => (event.type === 'acked' ? moved(event) : event));
}

test.each(errors)('finds %s, as %s and as nothing else', (_error, found, make) => {
  const history = cleanHistory();
  make(history);
  const { verdict, violations } = judge(history);
  expect(breachesOf(history)).toEqual([found]);
  expect(verdict[found]).toBe(1);
  expect(tellStory(history, last(violations)).length).toBeGreaterThan(0);
});

test('finds a hole in the store, together with the message that is lost in it', () => {
  const history = cleanHistory();
  history.stored.splice(4, 1);
  expect(breachesOf(history)).toEqual(['lost', 'gaps']);
});

test('a hole that was never acked is a gap', () => {
  const history = cleanHistory();
  const { clientMessageId } = history.stored[4] ?? last(history.stored);
  history.stored.splice(4, 1);
  drop(history, (event) => event.type === 'acked' && event.clientMessageId === clientMessageId);
  expect(breachesOf(history)).toEqual(['gaps']);
});

test('a message whose ack was lost may be there or not', () => {
  const history = cleanHistory();
  const { clientMessageId } = last(history.stored);
  drop(history, (event) => event.type === 'acked' && event.clientMessageId === clientMessageId);
  expect(breachesOf(history)).toEqual([]);
  history.stored.pop();
  history.pages.pop();
  drop(history, (event) => event.type === 'seen' && event.clientMessageId === clientMessageId);
  expect(breachesOf(history)).toEqual([]);
});

test('repeats and overtaking are fine at a plain client, and a reload at one of the library', () => {
  const history = cleanHistory();
  history.events.push(...seenBy(history, 'plain-1').reverse());
  history.events.push({ type: 'cleared', atMs: 999, client: 'library-1', conversationId: 'lobby' });
  history.events.push(...seenBy(history, 'library-1'));
  expect(breachesOf(history)).toEqual([]);
});

test('a session that its client holds on to, but that serves no more, takes no place', () => {
  const history = cleanHistory();
  drop(history, (event) => event.type === 'served' && event.session === 0 && event.atMs > 150);
  history.events.push({ type: 'opened', atMs: 200, client: 'knocker-1', session: 9, node: 'chat-server-2' });
  history.events.push({ type: 'served', atMs: 300, client: 'knocker-1', session: 9, askedAtMs: 299 });
  expect(breachesOf(history)).toEqual([]);
});

const at = <T>(list: T[], random: () => number) => Math.floor(random() * list.length);

const mutations: [name: string, mutate: (history: DraftHistory, random: () => number) => void][] = [
  ['drops a stored message', ({ stored }, random) => stored.splice(at(stored, random), 1)],
  ['drops a message from the pages', ({ pages }, random) => pages.splice(at(pages, random), 1)],
  [
    'drops a sighting',
    (history, random) => {
      const sightings = history.events.filter(({ type }) => type === 'seen');
      const gone = sightings[at(sightings, random)];
      drop(history, (event) => event === gone);
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
    (history, random) => {
      const shown = seenBy(history, 'library-1');
      const again = shown[at(shown, random)];
      if (again) history.events.push(again);
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
    (history, random) => {
      const shown = seenBy(history, 'library-2');
      const index = 1 + at(shown.slice(1), random);
      const [a, b] = [shown[index - 1], shown[index]];
      if (!a || !b) return;
      const [first, second] = [history.events.indexOf(a), history.events.indexOf(b)];
      history.events[first] = b;
      history.events[second] = a;
    },
  ],
  [
    'changes a text',
    (history, random) => {
      const index = at(history.stored, random);
      const message = history.stored[index];
      if (message) history.stored[index] = { ...message, textHash: 'changed' };
    },
  ],
];

test.each(mutations)('finds every random mutation that %s', (_name, mutate) => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const history = cleanHistory(60);
    mutate(history, seededRandom(seed));
    expect({ seed, broken: breachesOf(history).length > 0 }).toEqual({ seed, broken: true });
  }
});
