import { afterAll, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import { createRedisPresenceStore, type RedisPresenceStoreOptions, toPresenceChange } from '../src/index.ts';

const server = await newRedis();
const redis = withoutCommandDeadline(
  await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'presence' }),
);
afterAll(() => redis.disconnect());

let stores = 0;
const newStore = (options: RedisPresenceStoreOptions = {}) => {
  stores += 1;
  return createRedisPresenceStore(redis, { keyPrefix: `test-${stores}`, ...options });
};
const [ada, bo, cy] = ['u_ada', 'u_bo', 'u_cy'] as [UserId, UserId, UserId];
const LONG_MS = 600_000;

test('returns the last presence of each user, and offline for users who were never online', async () => {
  const store = newStore();
  expect(await store.read([])).toEqual([]);
  await store.acquireLeadership('one', LONG_MS);
  await store.applyChanges(
    'one',
    [
      { userId: ada, state: 'online' },
      { userId: bo, state: 'away' },
    ],
    [],
  );
  expect(await store.read([cy, bo, ada])).toEqual([
    { userId: cy, state: 'offline', lastSeenAtMs: undefined },
    { userId: bo, state: 'away' },
    { userId: ada, state: 'online' },
  ]);
  await store.applyChanges('one', [{ userId: bo, state: 'offline', lastSeenAtMs: 1_700_000_000_123 }], []);
  expect(await store.read([bo])).toEqual([{ userId: bo, state: 'offline', lastSeenAtMs: 1_700_000_000_123 }]);
  await store.applyChanges('one', [{ userId: bo, state: 'online' }], []);
  expect((await store.shown()).users).toEqual(new Map([ada, bo].map((userId) => [userId, 'online'])));
});

test('reads last-seen times that it has forgotten from the history store', async () => {
  const requested: UserId[][] = [];
  const store = newStore({
    async readStoredLastSeen(userIds) {
      requested.push([...userIds]);
      return [{ userId: ada, lastSeenAtMs: 1_000 }].filter(({ userId }) => userIds.includes(userId));
    },
  });
  await store.acquireLeadership('one', LONG_MS);
  const seen = [ada, bo].map((userId, index) => ({ userId, state: 'offline', lastSeenAtMs: 1_000 + index }) as const);
  await store.applyChanges('one', [...seen, { userId: cy, state: 'online' }], []);
  expect(await store.recentlySeen()).toEqual([
    { userId: ada, lastSeenAtMs: 1_000 },
    { userId: bo, lastSeenAtMs: 1_001 },
  ]);
  expect(await store.read([ada, bo, cy])).toEqual([...seen, { userId: cy, state: 'online' }]);
  expect(requested).toEqual([]);
  await store.forgetSeen(1_001);
  expect(await store.recentlySeen()).toEqual([{ userId: bo, lastSeenAtMs: 1_001 }]);
  expect(await store.read([ada, bo, cy])).toEqual([...seen, { userId: cy, state: 'online' }]);
  expect(requested).toEqual([[ada]]);
});

test('reads the last-seen times of an earlier release, until they are deleted', async () => {
  const store = newStore();
  await redis.hset(`test-${stores}:{presence}:last-seen`, ada, '1700000000123', bo, '5');
  expect(await store.read([ada])).toEqual([{ userId: ada, state: 'offline', lastSeenAtMs: 1_700_000_000_123 }]);
  const old = await store.oldLastSeen();
  expect(old.map(({ userId }) => userId).sort()).toEqual([ada, bo]);
  await store.deleteOldLastSeen(old.map(({ userId }) => userId));
  expect(await store.oldLastSeen()).toEqual([]);
  expect(await store.read([ada])).toEqual([{ userId: ada, state: 'offline', lastSeenAtMs: undefined }]);
});

test('one service leads at a time, until it releases the leadership or its lease expires', async () => {
  const store = newStore();
  expect(await store.acquireLeadership('one', LONG_MS)).toBe('acquired');
  expect(await store.acquireLeadership('one', LONG_MS)).toBe('renewed');
  expect(await store.acquireLeadership('two', LONG_MS)).toBe('follower');
  await store.releaseLeadership('two');
  expect(await store.acquireLeadership('two', LONG_MS)).toBe('follower');
  await store.releaseLeadership('one');
  expect(await store.acquireLeadership('two', 50)).toBe('acquired');
  await eventually(async () => expect(await store.acquireLeadership('one', LONG_MS)).toBe('acquired'));
});

test('a service that does not lead changes nothing', async () => {
  const store = newStore();
  await store.acquireLeadership('two', LONG_MS);
  expect(await store.applyChanges('two', [{ userId: ada, state: 'online' }], [])).toBe(true);
  expect(await store.applyChanges('one', [{ userId: ada, state: 'offline', lastSeenAtMs: 1 }], [bo])).toBe(false);
  expect(await store.shown()).toEqual({ users: new Map([[ada, 'online']]), lastChanged: [ada] });
});

test('keeps the users of the last changes and of pending ones', async () => {
  const store = newStore();
  await store.acquireLeadership('one', LONG_MS);
  await store.applyChanges('one', [{ userId: ada, state: 'online' }], []);
  await store.applyChanges('one', [{ userId: bo, state: 'online' }], [ada]);
  expect((await store.shown()).lastChanged.sort()).toEqual([ada, bo]);
  await store.applyChanges('one', [{ userId: cy, state: 'online' }], []);
  expect((await store.shown()).lastChanged).toEqual([cy]);
});

test('an offline user is no longer away', async () => {
  const store = newStore();
  await store.acquireLeadership('one', LONG_MS);
  await store.setAway(ada, true);
  await store.setAway(bo, true);
  await store.setAway(bo, false);
  expect(await store.awayUsers()).toEqual(new Set([ada]));
  await store.applyChanges('one', [{ userId: ada, state: 'offline', lastSeenAtMs: 1 }], []);
  expect(await store.awayUsers()).toEqual(new Set());
});

test('converts a presence to the form of the protocol', () => {
  expect(toPresenceChange({ userId: ada, state: 'away' })).toEqual({
    ...{ userId: ada, online: true, away: true, lastSeenAt: null },
  });
  expect(toPresenceChange({ userId: ada, state: 'offline', lastSeenAtMs: 0 })).toEqual({
    ...{ userId: ada, online: false, lastSeenAt: '1970-01-01T00:00:00.000Z' },
  });
  expect(toPresenceChange({ userId: ada, state: 'offline', lastSeenAtMs: undefined })).toEqual({
    ...{ userId: ada, online: false, lastSeenAt: null },
  });
});
