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

const hole = (firstSeq: number, lastSeq: number) => ({ firstSeq, lastSeq });

const seqs = (log: ConversationLog) => log.messages.map(({ seq }) => seq as number);

describe('live messages', () => {
  test('extend the run from the head', () => {
    const log = new ConversationLog(5);
    expect(log.add([message(6), message(7)]).appended.map(({ seq }) => seq)).toEqual([6, 7]);
    expect(seqs(log)).toEqual([6, 7]);
    expect([log.firstSeq, log.lastSeq, log.headSeq, log.hasGap]).toEqual([6, 7, 7, false]);
  });

  test('are added once, however often they arrive', () => {
    const log = new ConversationLog(0);
    log.add(range(1, 3));
    expect(log.add(range(1, 3))).toEqual({ appended: [], found: [] });
    log.add(range(2, 4));
    expect(seqs(log)).toEqual([1, 2, 3, 4]);
  });

  test('that are older than the run are ignored', () => {
    const log = new ConversationLog(5);
    expect(log.add([message(3)])).toEqual({ appended: [], found: [] });
    expect(seqs(log)).toEqual([]);
    expect(log.hasGap).toBe(false);
  });

  test('are held until their predecessor arrives', () => {
    const log = new ConversationLog(0);
    expect(log.add([message(1), message(3), message(4)]).appended.length).toBe(1);
    expect(log.hasGap).toBe(true);
    expect(log.add([message(2)]).appended.map(({ seq }) => seq)).toEqual([2, 3, 4]);
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
    expect(log.add([message(1)]).appended.length).toBe(1_001);
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
    expect(log.prepend(range(6, 11))).toEqual(range(6, 10));
    expect(log.prepend(range(1, 5))).toEqual(range(1, 5));
    expect(seqs(log)).toEqual(range(1, 11).map(({ seq }) => seq));
    expect(log.firstSeq).toBe(1);
  });

  test('that leave out messages make a hole for them', () => {
    const log = new ConversationLog(10);
    const page = [...range(3, 5), ...range(8, 9)];
    expect(log.prepend(page)).toEqual(page);
    expect(seqs(log)).toEqual(range(3, 10).map(({ seq }) => seq));
    expect(log.holes).toEqual([hole(6, 7), hole(10, 10)]);
    expect(log.at(7)).toMatchObject({ kind: 'system', senderId: 'system' });
    expect(log.firstSeq).toBe(3);
  });

  test('with a very wide hole fill it in steps', () => {
    const log = new ConversationLog(2_500);
    expect(log.prepend(range(1, 3))).toEqual([]);
    expect([log.firstSeq, log.prepend(range(1, 3)).length, log.firstSeq]).toEqual([1_501, 0, 501]);
    expect(log.prepend(range(1, 3))).toEqual(range(1, 3));
    expect(log.holes).toEqual([hole(4, 2_500)]);
  });

  test('without messages change nothing', () => {
    const log = new ConversationLog(10);
    expect(log.prepend([])).toEqual([]);
    expect(log.firstSeq).toBe(11);
  });
});

describe('a gap that is skipped', () => {
  test('becomes a hole, and the messages behind it are appended', () => {
    const log = new ConversationLog(0);
    log.add([message(1), message(4), message(5), message(8)]);
    expect(log.skipGap()).toEqual(range(4, 5));
    expect([seqs(log), log.holes, log.hasGap]).toEqual([[1, 2, 3, 4, 5], [hole(2, 3)], true]);
    expect([log.isMissing(3), log.isMissing(4)]).toEqual([true, false]);
    expect(log.skipGap()).toEqual([message(8)]);
    expect([log.holes, log.hasGap]).toEqual([[hole(2, 3), hole(6, 7)], false]);
  });

  test('stays if no message behind it is known', () => {
    const log = new ConversationLog(1);
    log.observeHead(3);
    expect([log.skipGap(), log.holes, log.hasGap]).toEqual([undefined, [], true]);
  });

  test('is filled by messages that arrive later, which are no conflict', () => {
    const log = new ConversationLog(0);
    log.add([message(1), message(4)]);
    log.skipGap();
    const before = log.messages;
    expect(log.conflictsWith([message(3)])).toBe(false);
    expect(log.add([message(3), message(5)])).toEqual({ appended: [message(5)], found: [message(3)] });
    expect([log.holes, before.length]).toEqual([[hole(2, 2)], 4]);
    log.add([message(2), message(3)]);
    expect([log.messages, log.holes]).toEqual([range(1, 5), []]);
  });

  test('and is very wide starts the run again behind it', () => {
    const log = new ConversationLog(0);
    log.add([message(1), message(2_000)]);
    expect(log.skipGap()).toEqual([message(2_000)]);
    expect([log.firstSeq, seqs(log), log.holes]).toEqual([2_000, [2_000], []]);
  });
});

test('dropped messages can be prepended again', () => {
  const log = new ConversationLog(0);
  log.add([...range(1, 3), ...range(6, 9)]);
  log.skipGap();
  expect(log.dropFirst(4).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect([log.firstSeq, log.size, log.holes]).toEqual([5, 5, [hole(5, 5)]]);
  log.prepend(range(1, 4));
  log.add([message(5)]);
  expect([log.messages, log.holes]).toEqual([range(1, 9), []]);
});

test('the run is contiguous after any order of live messages, losses, holes, drops and pages', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seededRandom(seed);
    const upTo = (count: number) => Math.floor(random() * count);
    const log = new ConversationLog(0);
    let head = 0;
    for (let step = 0; step < 60; step += 1) {
      const act = random();
      if (act < 0.5) {
        const live = range(head + 1, head + 1 + upTo(8));
        head += live.length;
        log.add(live.filter(() => random() < 0.8));
      } else if (act < 0.65) log.skipGap();
      else if (act < 0.8) log.add(range(1, head).filter(() => random() < 0.1));
      else if (act < 0.9) log.dropFirst(upTo(log.size));
      else log.prepend(range(Math.max(1, log.firstSeq - 10), log.firstSeq - 1).filter(() => random() < 0.7));
      const run = range(log.firstSeq, log.lastSeq);
      expect(seqs(log)).toEqual(run.map(({ seq }) => seq));
      const missing = log.holes.flatMap(({ firstSeq, lastSeq }) => range(firstSeq, lastSeq).map(({ seq }) => seq));
      expect(log.messages.filter(({ id }) => id.startsWith('missing')).map(({ seq }) => seq)).toEqual(missing);
    }
    log.add(range(1, head));
    log.prepend(range(1, log.firstSeq - 1));
    expect([log.messages, log.holes, log.hasGap]).toEqual([range(1, head), [], false]);
  }
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
