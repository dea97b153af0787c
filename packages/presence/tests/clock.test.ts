import { afterAll, expect, test } from '@jest/globals';
import { connectRedis, silentLogger } from '@parley/service-kit';
import {
  describeWithMovableClock,
  eventually,
  MovableClock,
  newRedis,
  newTemporaryDirectory,
  withoutCommandDeadline,
} from '@parley/testing';
import { createRedisPresenceStore } from '../src/index.ts';

const clock = new MovableClock(await newTemporaryDirectory());
const server = await newRedis({ env: clock.env });
const redis = withoutCommandDeadline(
  await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'presence' }),
);
afterAll(() => redis.disconnect());

describeWithMovableClock('when the clock of Redis is set back by an hour', () => {
  test('another service leads after the TTL of the leader that died before', async () => {
    const store = createRedisPresenceStore(redis);
    expect(await store.acquireLeadership('dead', 2_000)).toBe('acquired');
    clock.setOffset(-3_600);
    await eventually(async () => expect(await redis.pttl('parley:{presence}:leader')).toBeGreaterThan(60_000));
    await eventually(async () => expect(await store.acquireLeadership('other', 2_000)).toBe('acquired'), 30_000);
  });
});
