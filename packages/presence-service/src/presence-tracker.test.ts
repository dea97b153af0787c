import { expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { PresenceTracker } from './presence-tracker.ts';

const [ada, bo] = ['u_ada', 'u_bo'] as [UserId, UserId];
const nobody = new Set<UserId>();
const GRACE_MS = 5_000;

/** A tracker that shows ada at 0. */
function newTracker(): PresenceTracker {
  const tracker = new PresenceTracker(GRACE_MS);
  tracker.commit(tracker.compare([ada], nobody, 0));
  return tracker;
}

test('who has a place is online, and away while that is said', () => {
  const tracker = newTracker();
  expect(tracker.compare([ada, bo], nobody, 1)).toEqual([{ userId: bo, state: 'online' }]);
  const away = tracker.compare([ada], new Set([ada, bo]), 2);
  expect(away).toEqual([{ userId: ada, state: 'away' }]);
  tracker.commit(away);
  expect(tracker.compare([ada], new Set([ada]), 3)).toEqual([]);
  expect(tracker.compare([ada], nobody, 4)).toEqual([{ userId: ada, state: 'online' }]);
});

test('who has no place is offline after the grace, and was last seen when it began', () => {
  const tracker = newTracker();
  expect(tracker.compare([], nobody, 10)).toEqual([]);
  expect(tracker.compare([], nobody, 10 + GRACE_MS - 1)).toEqual([]);
  const now = 10 + GRACE_MS + 700;
  const atMs = Date.now();
  const offline = tracker.compare([], nobody, now);
  expect(offline).toEqual([{ userId: ada, state: 'offline', lastSeenAtMs: expect.any(Number) }]);
  const [difference] = offline as unknown as [{ lastSeenAtMs: number }];
  expect(difference.lastSeenAtMs).toBeGreaterThanOrEqual(atMs - GRACE_MS - 700);
  expect(difference.lastSeenAtMs).toBeLessThanOrEqual(Date.now() - GRACE_MS - 700);
  tracker.commit(offline as []);
  expect(tracker.compare([], nobody, now + 1)).toEqual([]);
  expect(tracker.shown.size).toBe(0);
});

test('who is back within the grace was never gone, and has a whole grace again', () => {
  const tracker = newTracker();
  tracker.compare([], nobody, 10);
  expect(tracker.compare([ada], nobody, GRACE_MS)).toEqual([]);
  expect(tracker.compare([], nobody, GRACE_MS + 20)).toEqual([]);
  expect(tracker.compare([], nobody, 2 * GRACE_MS)).toEqual([]);
  expect(tracker.compare([], nobody, 2 * GRACE_MS + 20)).toHaveLength(1);
});

test('the grace begins when a server says that somebody left, unless that person holds a place', () => {
  const tracker = newTracker();
  tracker.noteGone(ada, 100);
  tracker.noteGone(ada, 900);
  expect(tracker.compare([], nobody, 100 + GRACE_MS)).toHaveLength(1);
  tracker.noteGone(bo, 100);
  const replaced = newTracker();
  replaced.noteGone(ada, 100);
  expect(replaced.compare([ada], nobody, 100 + GRACE_MS)).toEqual([]);
  expect(replaced.compare([], nobody, 101 + GRACE_MS)).toEqual([]);
});

test('what was not shown in the end differs still', () => {
  const tracker = newTracker();
  expect(tracker.compare([ada, bo], nobody, 1)).toEqual(tracker.compare([ada, bo], nobody, 2));
});

test('goes on from what was shown before, with a grace for those who are gone', () => {
  const tracker = new PresenceTracker(GRACE_MS);
  tracker.restore(
    new Map([
      [ada, 'away'],
      [bo, 'online'],
    ]),
  );
  expect(tracker.compare([ada], new Set([ada]), 1_000)).toEqual([]);
  expect(tracker.compare([ada], new Set([ada]), 1_000 + GRACE_MS)).toMatchObject([{ userId: bo, state: 'offline' }]);
});

test('thousands come in steps', () => {
  const tracker = new PresenceTracker(GRACE_MS);
  const all = Array.from({ length: 2_500 }, (_, index) => `u_${index}` as UserId);
  const steps = [1, 2, 3, 4].map((now) => {
    const some = tracker.compare(all, nobody, now);
    tracker.commit(some);
    return some.length;
  });
  expect(steps).toEqual([1_000, 1_000, 500, 0]);
});
