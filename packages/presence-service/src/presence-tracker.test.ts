import { expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { PresenceTracker } from './presence-tracker.ts';

const [ada, bo] = ['u_ada', 'u_bo'] as [UserId, UserId];
const none = new Set<UserId>();
const GRACE_MS = 5_000;

/** Creates a tracker that shows ada as online at time 0. */
function newTracker(): PresenceTracker {
  const tracker = new PresenceTracker(GRACE_MS);
  tracker.commit(tracker.changes([ada], none, 0));
  return tracker;
}

test('a user with a lease is online, or away while reported as away', () => {
  const tracker = newTracker();
  expect(tracker.changes([ada, bo], none, 1)).toEqual([{ userId: bo, state: 'online' }]);
  const away = tracker.changes([ada], new Set([ada, bo]), 2);
  expect(away).toEqual([{ userId: ada, state: 'away' }]);
  tracker.commit(away);
  expect(tracker.changes([ada], new Set([ada]), 3)).toEqual([]);
  expect(tracker.changes([ada], none, 4)).toEqual([{ userId: ada, state: 'online' }]);
});

test('a user without a lease is offline after the grace period and was last seen at its start', () => {
  const tracker = newTracker();
  expect(tracker.changes([], none, 10)).toEqual([]);
  expect(tracker.changes([], none, 10 + GRACE_MS - 1)).toEqual([]);
  const now = 10 + GRACE_MS + 700;
  const atMs = Date.now();
  const offline = tracker.changes([], none, now);
  expect(offline).toEqual([{ userId: ada, state: 'offline', lastSeenAtMs: expect.any(Number) }]);
  const [change] = offline as unknown as [{ lastSeenAtMs: number }];
  expect(change.lastSeenAtMs).toBeGreaterThanOrEqual(atMs - GRACE_MS - 700);
  expect(change.lastSeenAtMs).toBeLessThanOrEqual(Date.now() - GRACE_MS - 700);
  tracker.commit(offline as []);
  expect(tracker.changes([], none, now + 1)).toEqual([]);
  expect(tracker.shown.size).toBe(0);
});

test('a new lease within the grace period ends it without a change, and the next period is complete', () => {
  const tracker = newTracker();
  tracker.changes([], none, 10);
  expect(tracker.changes([ada], none, GRACE_MS)).toEqual([]);
  expect(tracker.changes([], none, GRACE_MS + 20)).toEqual([]);
  expect(tracker.changes([], none, 2 * GRACE_MS)).toEqual([]);
  expect(tracker.changes([], none, 2 * GRACE_MS + 20)).toHaveLength(1);
});

test('a reported end of a session starts the grace period, unless the user has a lease', () => {
  const tracker = newTracker();
  tracker.startGrace(ada, 100);
  tracker.startGrace(ada, 900);
  expect(tracker.changes([], none, 100 + GRACE_MS)).toHaveLength(1);
  tracker.startGrace(bo, 100);
  const replaced = newTracker();
  replaced.startGrace(ada, 100);
  expect(replaced.changes([ada], none, 100 + GRACE_MS)).toEqual([]);
  expect(replaced.changes([], none, 101 + GRACE_MS)).toEqual([]);
});

test('changes that are not committed are returned again', () => {
  const tracker = newTracker();
  expect(tracker.changes([ada, bo], none, 1)).toEqual(tracker.changes([ada, bo], none, 2));
});

test('continues from a restored state, with a grace period for users without a lease', () => {
  const tracker = new PresenceTracker(GRACE_MS);
  tracker.restore(
    new Map([
      [ada, 'away'],
      [bo, 'online'],
    ]),
  );
  expect(tracker.changes([ada], new Set([ada]), 1_000)).toEqual([]);
  expect(tracker.changes([ada], new Set([ada]), 1_000 + GRACE_MS)).toMatchObject([{ userId: bo, state: 'offline' }]);
});

test('returns thousands of changes in parts', () => {
  const tracker = new PresenceTracker(GRACE_MS);
  const all = Array.from({ length: 2_500 }, (_, index) => `u_${index}` as UserId);
  const counts = [1, 2, 3, 4].map((now) => {
    const some = tracker.changes(all, none, now);
    tracker.commit(some);
    return some.length;
  });
  expect(counts).toEqual([1_000, 1_000, 500, 0]);
});
