import { expect, test } from '@jest/globals';
import { ConversationTracker } from '../src/clients/conversation-tracker.ts';

test('counts missing, repeated and late messages', () => {
  const tracker = new ConversationTracker(10);
  expect(tracker.see(10, 'old', 'live')).toBe('known');
  expect(tracker.see(11, 'a', 'live')).toBe('first');
  expect(tracker.see(13, 'c', 'live')).toBe('first');
  expect(tracker.see(12, 'b', 'live')).toBe('first-but-late');
  expect(tracker.see(13, 'c', 'live')).toBe('repeated');
  expect([tracker.upTo, tracker.isComplete, tracker.missing]).toEqual([13, true, 0]);
  tracker.extendTo(16);
  tracker.see(15, 'e', 'live');
  expect([tracker.upTo, tracker.isComplete, tracker.missing]).toEqual([13, false, 2]);
  expect(tracker.see(14, 'd', 'page')).toBe('first');
  expect(tracker.see(14, 'd', 'live')).toBe('known');
  expect(tracker.missing).toBe(1);
});

test('counts an acked message that was never seen as missing, and one whose seq another message has as wrong', () => {
  const tracker = new ConversationTracker(0);
  tracker.acked(1, 'mine');
  expect(tracker.missing).toBe(1);
  tracker.see(1, 'somebody else', 'live');
  expect([tracker.missing, tracker.wrongPosition]).toEqual([0, 1]);
  tracker.acked(2, 'mine too');
  tracker.see(2, 'mine too', 'live');
  expect(tracker.wrongPosition).toBe(1);
});

test('after a rewind, the positions above it must be seen again', () => {
  const tracker = new ConversationTracker(0);
  for (const [seq, id] of [
    [1, 'a'],
    [2, 'b'],
    [3, 'lost'],
    [5, 'lost too'],
  ] as const) {
    tracker.see(seq, id, 'live');
  }
  tracker.acked(3, 'lost');
  tracker.rewindTo(2);
  expect([tracker.upTo, tracker.isComplete, tracker.missing]).toEqual([2, true, 0]);
  tracker.extendTo(3);
  expect(tracker.isComplete).toBe(false);
  expect(tracker.see(3, 'another', 'live')).toBe('first');
  expect([tracker.upTo, tracker.wrongPosition]).toEqual([3, 0]);
});

test('a rewind never goes below the start, nor forward', () => {
  const tracker = new ConversationTracker(10);
  tracker.rewindTo(4);
  expect(tracker.upTo).toBe(10);
  tracker.rewindTo(40);
  expect([tracker.upTo, tracker.isComplete]).toEqual([10, true]);
});
