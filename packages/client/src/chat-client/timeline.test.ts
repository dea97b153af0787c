import { describe, expect, test } from '@jest/globals';
import type { Message, MessageKind } from '@parley/protocol';
import { seededRandom } from '@parley/testing/seeded-random';
import { Timeline } from './timeline.ts';

const message = (
  seq: number,
  fields: { kind?: MessageKind; text?: string; replyTo?: string; senderId?: string } = {},
) =>
  ({
    id: `m${seq}`,
    seq,
    senderId: 'u1',
    clientMessageId: `c${seq}`,
    kind: 'text',
    text: `number ${seq}`,
    ...fields,
  }) as unknown as Message;
const change = (seq: number, kind: MessageKind, target: number, text?: string, senderId = 'u1') =>
  message(seq, { kind, replyTo: `m${target}`, text, senderId });
const range = (first: number, last: number) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => message(first + index));

function timelineOf(...messages: Message[]) {
  const timeline = new Timeline();
  timeline.append(messages);
  return timeline;
}
const texts = (timeline: Timeline) => timeline.entries.map(({ text }) => text);

describe('a change', () => {
  test('is applied to the entry of its message and has none of its own', () => {
    const timeline = timelineOf(message(1), message(2), change(3, 'edit', 1, 'changed'), change(4, 'delete', 2));
    expect(timeline.entries).toMatchObject([
      { message: { seq: 1, text: 'number 1' }, text: 'changed', isEdited: true, isDeleted: false },
      { message: { seq: 2 }, text: '', isEdited: false, isDeleted: true },
    ]);
  });

  test('of reactions: only the newest reaction of each user counts, emoji are in the order of first use', () => {
    const timeline = timelineOf(
      message(1),
      change(2, 'reaction', 1, '👍', 'u1'),
      change(3, 'reaction', 1, '🎉', 'u2'),
      change(4, 'reaction', 1, '👍', 'u3'),
      change(5, 'reaction', 1, '🎉', 'u1'),
    );
    expect(timeline.entries[0]?.reactions).toEqual([
      { emoji: '👍', userIds: ['u3'] },
      { emoji: '🎉', userIds: ['u2', 'u1'] },
    ]);
    timeline.append([change(6, 'reaction', 1, undefined, 'u3')]);
    expect(timeline.entries[0]?.reactions).toEqual([{ emoji: '🎉', userIds: ['u2', 'u1'] }]);
  });

  test('by a user other than the author has no effect', () => {
    expect(texts(timelineOf(message(1), change(2, 'edit', 1, 'not mine', 'u2')))).toEqual(['number 1']);
  });

  test('of a deleted message, a system message, another change or a missing message has no effect', () => {
    const timeline = timelineOf(
      message(1),
      message(2, { kind: 'system', text: 'left' }),
      change(3, 'delete', 1),
      change(4, 'edit', 1, 'back again'),
      change(5, 'reaction', 1, '👍'),
      change(6, 'edit', 2, 'stayed'),
      change(7, 'reaction', 2, '👍'),
      change(8, 'edit', 4, 'an edit of an edit'),
      message(9, { kind: 'reaction', text: '👍' }),
    );
    expect(timeline.entries.map(({ text, reactions }) => [text, reactions])).toEqual([
      ['', []],
      ['left', []],
    ]);
  });
});

describe('an unchanged entry', () => {
  test('stays the same object, even when older pages are loaded', () => {
    const timeline = timelineOf(message(5), message(6));
    const [five, six] = timeline.entries;
    timeline.append([message(7), change(8, 'edit', 6, 'changed')]);
    timeline.prepend([message(3), message(4)]);
    expect(texts(timeline)).toEqual(['number 3', 'number 4', 'number 5', 'changed', 'number 7']);
    expect(timeline.entries[2]).toBe(five);
    expect(timeline.entries[3]).not.toBe(six);
  });

  test('does not lead to a new array', () => {
    const timeline = timelineOf(message(1), change(2, 'reaction', 1, '👍'));
    const { entries } = timeline;
    timeline.append([change(3, 'reaction', 1, '👍'), change(4, 'edit', 1, 'not mine', 'u2')]);
    timeline.prepend([]);
    expect(timeline.entries).toBe(entries);
    timeline.append([message(5)]);
    expect(timeline.entries).not.toBe(entries);
    expect(entries.length).toBe(1);
  });
});

describe('older pages', () => {
  test('decrease the index of the first entry by the number of new entries', () => {
    const timeline = timelineOf(message(10));
    const before = timeline.firstIndex;
    timeline.prepend([message(7), change(8, 'edit', 7, 'seven'), message(9)]);
    expect([timeline.firstIndex, texts(timeline)]).toEqual([before - 2, ['seven', 'number 9', 'number 10']]);
    timeline.append([change(11, 'edit', 9, 'nine')]);
    expect(texts(timeline)).toEqual(['seven', 'nine', 'number 10']);
  });

  test('apply waiting changes to their message in seq order', () => {
    const timeline = timelineOf(change(31, 'edit', 1, 'newer'), change(32, 'reaction', 1, '🎉', 'u2'));
    timeline.append([change(33, 'edit', 1, 'newest')]);
    timeline.prepend([change(21, 'reaction', 1, '👍', 'u2'), change(22, 'edit', 1, 'older')]);
    expect(timeline.entries).toEqual([]);
    timeline.prepend([message(1), change(2, 'edit', 1, 'oldest')]);
    expect(timeline.entries).toMatchObject([{ text: 'newest', reactions: [{ emoji: '🎉', userIds: ['u2'] }] }]);
  });
});

describe('dropped messages', () => {
  test('increase the index of the first entry, and return with their changes', () => {
    const log = [message(1), message(2), message(3), change(4, 'edit', 1, 'one'), change(5, 'reaction', 2, '👍')];
    const timeline = timelineOf(...log);
    const { entries, firstIndex } = timeline;
    timeline.dropFirst(log.slice(0, 2), log.slice(2));
    expect([timeline.firstIndex, texts(timeline)]).toEqual([firstIndex + 2, ['number 3']]);
    timeline.append([change(6, 'edit', 1, 'first')]);
    timeline.prepend(log.slice(0, 2));
    expect(timeline.firstIndex).toBe(firstIndex);
    expect(timeline.entries).toEqual([{ ...entries[0], text: 'first' }, ...entries.slice(1)]);
  });

  test('take their changes with them', () => {
    const log = [message(1), change(2, 'edit', 1, 'one'), message(3)];
    const timeline = timelineOf(...log);
    timeline.dropFirst(log.slice(0, 2), log.slice(2));
    timeline.prepend([message(1)]);
    expect(texts(timeline)).toEqual(['number 1', 'number 3']);
  });
});

describe('a second copy of a message', () => {
  const copy = { ...message(3), clientMessageId: 'c1' } as Message;

  test('is hidden, and its changes apply to the displayed one', () => {
    const timeline = timelineOf(message(1), message(2), copy, change(4, 'edit', 3, 'changed'));
    expect(texts(timeline)).toEqual(['changed', 'number 2']);
    expect([timeline.isHidden(copy), timeline.isHidden(message(1))]).toEqual([true, false]);
  });

  test('in an older page is hidden, too', () => {
    const timeline = timelineOf(copy, message(4), change(5, 'reaction', 1, '👍'));
    timeline.prepend([message(1), message(2)]);
    expect(texts(timeline)).toEqual(['number 2', 'number 3', 'number 4']);
    expect([timeline.isHidden(message(1)), timeline.isHidden(copy)]).toEqual([true, false]);
    expect(timeline.entries[1]?.reactions).toMatchObject([{ emoji: '👍' }]);
  });

  test('in the same page as the first one is hidden', () => {
    const timeline = timelineOf(change(4, 'edit', 3, 'changed'));
    timeline.prepend([message(1), message(2), copy]);
    expect(texts(timeline)).toEqual(['changed', 'number 2']);
  });

  test('stays hidden when the displayed one was dropped', () => {
    const log = [message(1), message(2), copy];
    const timeline = timelineOf(...log);
    timeline.dropFirst(log.slice(0, 1), log.slice(1));
    expect(texts(timeline)).toEqual(['number 2']);
    timeline.prepend(log.slice(0, 1));
    expect(texts(timeline)).toEqual(['number 1', 'number 2']);
  });
});

test('a placeholder has no entry', () => {
  const timeline = timelineOf(message(1), message(2, { kind: 'system', senderId: 'system', text: undefined as never }));
  expect(texts(timeline)).toEqual(['number 1']);
});

test('messages that are found later are inserted without a change of the index of the newest entry', () => {
  const timeline = timelineOf(message(1), message(4), change(5, 'edit', 3, 'three'));
  const { firstIndex } = timeline;
  timeline.rebuild([...range(1, 4), change(5, 'edit', 3, 'three')]);
  expect([texts(timeline), timeline.firstIndex]).toEqual([
    ['number 1', 'number 2', 'three', 'number 4'],
    firstIndex - 2,
  ]);
  timeline.append([change(6, 'edit', 2, 'two')]);
  expect(texts(timeline)[1]).toBe('two');
});

test('the entries do not depend on the order in which the log was loaded', () => {
  const kinds = ['text', 'text', 'edit', 'reaction', 'reaction', 'delete', 'system'] as const;
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = seededRandom(seed);
    const upTo = (count: number) => Math.floor(random() * count);
    const log = Array.from({ length: 80 }, (_, index) => {
      const kind = kinds[upTo(kinds.length)];
      const senderId = `u${upTo(3)}`;
      if (kind === 'text' || kind === 'system' || index === 0) return message(index + 1, { kind, senderId });
      const text = kind === 'reaction' ? [undefined, '👍', '🎉'][upTo(3)] : `text ${index}`;
      return change(index + 1, kind ?? 'edit', 1 + upTo(index), text, senderId);
    });
    const whole = timelineOf(...log);
    const timeline = new Timeline();
    let first = upTo(80);
    let next = first;
    while (first > 0 || next < log.length) {
      if (random() < 0.5) {
        const end = next + 1 + upTo(4);
        timeline.append(log.slice(next, end));
        next = Math.min(end, log.length);
      } else {
        const start = Math.max(0, first - 1 - upTo(20));
        timeline.prepend(log.slice(start, first));
        first = start;
      }
    }
    expect(timeline.entries).toEqual(whole.entries);
  }
});

test('with 100,000 messages, only new and changed ones are processed', () => {
  let looks = 0;
  const counted = (each: Message): Message => {
    const get = () => {
      looks += 1;
      return each.kind;
    };
    return Object.defineProperty({ ...each }, 'kind', { get });
  };
  const timeline = new Timeline();
  timeline.append(range(50_001, 100_000).map(counted));
  for (let first = 49_801; first >= 1; first -= 200) timeline.prepend(range(first, first + 199).map(counted));
  expect(timeline.entries.length).toBe(100_000);
  expect(looks).toBeLessThan(500_000);

  const looksAt = (act: () => void) => {
    looks = 0;
    act();
    expect(timeline.entries.length).toBeGreaterThan(0);
    return looks;
  };
  expect(looksAt(() => timeline.append([counted(message(100_001))]))).toBeLessThan(5);
  expect(looksAt(() => timeline.append([counted(change(100_002, 'reaction', 70_000, '👍'))]))).toBeLessThan(5);
  expect(looksAt(() => timeline.append([counted(change(100_003, 'edit', 3, 'three'))]))).toBeLessThan(5);
  expect([timeline.entries[2]?.text, timeline.entries[69_999]?.reactions.length]).toEqual(['three', 1]);
});
