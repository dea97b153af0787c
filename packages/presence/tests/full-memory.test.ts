import { afterAll, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { newRedis, withoutCommandDeadline } from '@parley/testing';
import { createRedisPresenceStore } from '../src/index.ts';

const server = await newRedis();
const redis = withoutCommandDeadline(
  await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'presence' }),
);
afterAll(() => redis.disconnect());

const [ada, bo] = ['u_ada', 'u_bo'] as [UserId, UserId];

test('while memory is full, a service leads, writes presence and hands the leadership over', async () => {
  const store = createRedisPresenceStore(redis);
  await server.client.config('SET', 'maxmemory', '1');
  expect(await store.acquireLeadership('one', 600_000)).toBe('acquired');
  expect(await store.acquireLeadership('one', 600_000)).toBe('renewed');
  await store.setAway(ada, true);
  expect(await store.awayUsers()).toEqual(new Set([ada]));
  const changes = [
    { userId: ada, state: 'away' },
    { userId: bo, state: 'offline', lastSeenAtMs: 1_700_000_000_123 },
  ] as const;
  expect(await store.applyChanges('one', changes, [])).toBe(true);
  expect(await store.read([ada, bo])).toEqual(changes);
  await store.setAway(ada, false);
  expect(await store.awayUsers()).toEqual(new Set());
  await store.releaseLeadership('one');
  expect(await store.acquireLeadership('two', 600_000)).toBe('acquired');
});
