import { afterAll, expect, test } from '@jest/globals';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import { silentLogger } from './logger.ts';
import { connectRedis, isRedisOutOfMemory, isRedisUnavailable } from './redis.ts';
import { RedisMemory } from './redis-memory.ts';

const MIB = 1_048_576;

const server = await newRedis();
const redis = withoutCommandDeadline(
  await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'test' }),
);
afterAll(() => redis.disconnect());

const setLimit = (bytes: number) => server.client.config('SET', 'maxmemory', String(bytes));

test('without a limit Redis is never near it', async () => {
  const memory = new RedisMemory(redis, { busyPercent: 20 });
  await memory.poll();
  expect(memory.isNearLimit).toBe(false);
  expect(memory.usage).toEqual({ usedBytes: expect.any(Number), limitBytes: 0 });
});

test('is near the limit from the threshold on, until the use is 5 % of the limit lower', async () => {
  // Much more than the buffers of connections, which come and go.
  await server.client.setrange('filler', 20 * MIB - 1, 'x');
  const memory = new RedisMemory(redis, { busyPercent: 50 });
  const isNearLimitAt = async (percent: number) => {
    await memory.poll();
    await setLimit(Math.round((100 * memory.usage.usedBytes) / percent));
    await memory.poll();
    return memory.isNearLimit;
  };
  expect(await isNearLimitAt(45)).toBe(false);
  expect(await isNearLimitAt(55)).toBe(true);
  expect(await isNearLimitAt(48)).toBe(true);
  expect(await isNearLimitAt(40)).toBe(false);
  expect(await isNearLimitAt(48)).toBe(false);
});

test('memory must be freed as long as another process may be near the limit', async () => {
  const [early, late] = [new RedisMemory(redis, { busyPercent: 50 }), new RedisMemory(redis, { busyPercent: 50 })];
  await early.poll();
  const limitAt = (percent: number) => setLimit(Math.round((100 * early.usage.usedBytes) / percent));
  await limitAt(55);
  await early.poll();
  await limitAt(48);
  for (const memory of [early, late]) await memory.poll();
  expect([early, late].map(({ isNearLimit }) => isNearLimit)).toEqual([true, false]);
  expect([early, late].map(({ mayBeNearLimit }) => mayBeNearLimit)).toEqual([true, true]);
  await limitAt(40);
  for (const memory of [early, late]) await memory.poll();
  expect([early, late].map(({ mayBeNearLimit }) => mayBeNearLimit)).toEqual([false, false]);
});

test('is no longer near the limit when the use has been below the threshold for ten seconds', async () => {
  const memory = new RedisMemory(redis, { busyPercent: 50 });
  const isNearLimitAt = async (percent: number) => {
    await setLimit(Math.round((100 * memory.usage.usedBytes) / percent));
    await memory.poll();
    return memory.isNearLimit;
  };
  await memory.poll();
  expect(await isNearLimitAt(55)).toBe(true);
  const reachedAt = performance.now();
  expect(await isNearLimitAt(48)).toBe(true);
  await eventually(async () => {
    await memory.poll();
    expect(memory.isNearLimit).toBe(false);
  }, 60_000);
  expect(performance.now() - reachedAt).toBeGreaterThan(9_900);
});

test('is near the limit after Redis refused a command, and the next poll decides again', async () => {
  await setLimit(1);
  const error = await redis.set('x', '1').catch((reason: unknown) => reason);
  expect(isRedisOutOfMemory(error)).toBe(true);
  expect(isRedisUnavailable(error)).toBe(true);
  const memory = new RedisMemory(redis, { busyPercent: 90 });
  memory.commandRefused();
  expect(memory.isNearLimit).toBe(true);
  await setLimit(100 * MIB);
  await memory.poll();
  expect(memory.isNearLimit).toBe(false);
  expect(memory.usage.limitBytes).toBe(100 * MIB);
});

test('a poll rejects while Redis does not answer, and keeps the last state', async () => {
  const memory = new RedisMemory(redis, { busyPercent: 90 });
  memory.commandRefused();
  redis.disconnect();
  await expect(memory.poll()).rejects.toThrow();
  expect(memory.isNearLimit).toBe(true);
});
