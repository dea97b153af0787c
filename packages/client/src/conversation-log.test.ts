import { describe, expect, test } from '@jest/globals';
import type { Message } from '@parley/protocol';
import { seededRandom } from '@parley/testing/seeded-random';
import { ConversationLog } from './conversation-log.ts';

const message = (seq: number) =>
  ({
    id: `m${seq}`,
    seq,
    senderId: 'u1',
    clientMessageId: `c${seq}`,
    kind: 'text',
    text: `number ${seq}`,
    createdAt: '2026-01-31T12:00:00.000Z',
  }) as Message;

const range = (first: number, last: number) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => message(first + index));

const seqs = (log: ConversationLog) => log.messages.map(({ seq }) => seq as number);

describe('live messages', () => {
  test('extend the run from the head', () => {
    const log = new ConversationLog(5);
    expect(log.add([message(6), message(7)]).map(({ seq }) => seq)).toEqual([6, 7]);
    expect(seqs(log)).toEqual([6, 7]);
    expect([log.firstSeq, log.lastSeq, log.headSeq, log.hasGap]).toEqual([6, 7, 7, false]);
  });

  test('are added once, however often they arrive', () => {
    const log = new ConversationLog(0);
    log.add(range(1, 3));
    expect(log.add(range(1, 3))).toEqual([]);
    log.add(range(2, 4));
    expect(seqs(log)).toEqual([1, 2, 3, 4]);
  });

  test('that are older than the run are ignored', () => {
    const log = new ConversationLog(5);
    expect(log.add([message(3)])).toEqual([]);
    expect(seqs(log)).toEqual([]);
    expect(log.hasGap).toBe(false);
  });

  test('are held until their predecessor arrives', () => {
    const log = new ConversationLog(0);
    expect(log.add([message(1), message(3), message(4)]).length).toBe(1);
    expect(log.hasGap).toBe(true);
    expect(log.add([message(2)]).map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(log.hasGap).toBe(false);
  });

  test('do not change an array that was returned before', () => {
    const log = new ConversationLog(0);
    log.add([message(1)]);
    const before = log.messages;
    log.add([message(2)]);
    expect(before.length).toBe(1);
    expect(log.messages).not.toBe(before);
  });

  test('behind a gap are held up to a limit', () => {
    const log = new ConversationLog(0);
    log.add(range(2, 3_000));
    expect(log.add([message(1)]).length).toBe(1_001);
    expect(log.hasGap).toBe(true);
    log.add(range(log.lastSeq + 1, 3_000));
    expect(seqs(log)).toEqual(range(1, 3_000).map(({ seq }) => seq));
  });
});

test('an observed head above the run is a gap', () => {
  const log = new ConversationLog(2);
  log.observeHead(4);
  expect([log.hasGap, log.lastSeq]).toEqual([true, 2]);
  log.observeHead(3);
  expect(log.headSeq).toBe(4);
});

test('another message with the seq of a loaded one is a conflict', () => {
  const log = new ConversationLog(2);
  log.add(range(3, 5));
  expect(log.conflictsWith(range(1, 9))).toBe(false);
  expect(log.conflictsWith([{ ...message(4), id: 'another' as Message['id'] }])).toBe(true);
});

describe('pages of history', () => {
  test('are prepended, even if they overlap the run', () => {
    const log = new ConversationLog(10);
    log.add([message(11)]);
    expect(log.prepend(range(6, 11))).toBe(true);
    expect(log.prepend(range(1, 5))).toBe(true);
    expect(seqs(log)).toEqual(range(1, 11).map(({ seq }) => seq));
    expect(log.firstSeq).toBe(1);
  });

  test('with a gap are rejected', () => {
    const log = new ConversationLog(10);
    expect(log.prepend(range(5, 9))).toBe(false);
    expect(log.prepend([message(8), message(10)])).toBe(false);
    expect(seqs(log)).toEqual([]);
    expect(log.firstSeq).toBe(11);
  });

  test('without messages change nothing', () => {
    const log = new ConversationLog(10);
    expect(log.prepend([])).toBe(true);
    expect(log.firstSeq).toBe(11);
  });
});

test('the run is complete after gaps are filled, for any order, repeats and losses of live messages', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seededRandom(seed);
    const startSeq = Math.floor(random() * 20);
    const log = new ConversationLog(startSeq);
    const live = range(startSeq + 1, startSeq + 60).filter(() => random() > 0.1);
    const packets = [...live, ...live.filter(() => random() > 0.5)]
      .map((each) => ({ each, order: random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ each }) => each);
    while (packets.length > 0) {
      log.add(packets.splice(0, 1 + Math.floor(random() * 5)));
      expect(seqs(log)).toEqual(range(startSeq + 1, log.lastSeq).map(({ seq }) => seq));
    }
    log.observeHead(startSeq + 60);
    while (log.hasGap) log.add(range(log.lastSeq + 1, Math.min(startSeq + 60, log.lastSeq + 7)));
    while (log.firstSeq > 1) log.prepend(range(Math.max(1, log.firstSeq - 9), log.firstSeq - 1));
    expect(seqs(log)).toEqual(range(1, startSeq + 60).map(({ seq }) => seq));
  }
});
