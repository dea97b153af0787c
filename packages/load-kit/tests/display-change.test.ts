import { expect, test } from '@jest/globals';
import type { Message } from '@parley/protocol';
import { compareDisplays, type Display } from '../src/clients/display-change.ts';

const message = (seq: number, id = `m${seq}`) => ({ id, seq }) as Message;

function display(firstSeq: number, lastSeq: number, holes: Display['holes'] = []): Display {
  const messages = Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => message(firstSeq + index));
  return { messages, firstSeq, holes };
}

const seqs = (messages: readonly Message[]) => messages.map(({ seq }) => seq);

function changeOf(before: Display, after: Display) {
  const { older, inserted, next, ...rest } = compareDisplays(before, after);
  return { ...rest, older: seqs(older), inserted: seqs(inserted), next: seqs(next) };
}

const unchanged = { isCleared: false, droppedBelowSeq: undefined, older: [], inserted: [], next: [] };

test('new messages are next, those of a page are older, newest first', () => {
  expect(changeOf(display(6, 5), display(6, 7))).toEqual({ ...unchanged, next: [6, 7] });
  expect(changeOf(display(6, 7), display(3, 8))).toEqual({ ...unchanged, older: [5, 4, 3], next: [8] });
});

test('messages at the front may be dropped while others arrive', () => {
  expect(changeOf(display(1, 9), display(4, 10))).toEqual({ ...unchanged, droppedBelowSeq: 4, next: [10] });
});

test('messages of a hole are left out, and inserted when they are found', () => {
  const withHole = display(1, 5, [{ firstSeq: 2, lastSeq: 3 }]);
  expect(changeOf(display(1, 0), withHole)).toEqual({ ...unchanged, next: [1, 4, 5] });
  expect(changeOf(withHole, display(1, 6, [{ firstSeq: 2, lastSeq: 2 }]))).toEqual({
    ...unchanged,
    inserted: [3],
    next: [6],
  });
});

test('another message at the last position clears the display', () => {
  const replaced = { ...display(4, 6), messages: [message(4), message(5), message(6, 'another')] };
  expect(changeOf(display(3, 6), replaced)).toEqual({ ...unchanged, isCleared: true, next: [4, 5, 6] });
  expect(changeOf(display(3, 6), display(5, 4))).toEqual({ ...unchanged, isCleared: true });
});

test('another message in the middle clears the display: a new epoch has replaced it', () => {
  const after = display(1, 6);
  const replaced = {
    ...after,
    messages: after.messages.map((known) => (known.seq === 3 ? message(3, 'placeholder') : known)),
  };
  expect(changeOf(display(1, 5), replaced)).toEqual({ ...unchanged, isCleared: true, next: [1, 2, 3, 4, 5, 6] });
});
