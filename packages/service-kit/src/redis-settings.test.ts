import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import { silentLogger } from './logger.ts';
import { connectRedis } from './redis.ts';
import { redisSettingWarnings } from './redis-settings.ts';

const server = await newRedis();
const connect = async (url = server.url) =>
  withoutCommandDeadline(await connectRedis(url, 'command', { logger: silentLogger(), connectionName: 'test' }));
const redis = await connect();
afterAll(() => redis.disconnect());

const set = (name: string, value: string) => server.client.config('SET', name, value);
const warnings = () => redisSettingWarnings(redis);

beforeEach(async () => {
  await set('maxmemory', '512mb');
  await set('maxmemory-policy', 'noeviction');
  await set('appendonly', 'yes');
  await set('appendfsync', 'always');
  await set('cluster-node-timeout', '2000');
});

test('a Redis with a limit, without eviction and with an append-only file that is always synced gives no warning', async () => {
  expect(await warnings()).toEqual([]);
});

test.each([
  ['maxmemory', '0', 'no memory limit (maxmemory 0)'],
  ['maxmemory-policy', 'allkeys-lru', 'maxmemory-policy allkeys-lru'],
  ['appendonly', 'no', 'appendonly no'],
  ['appendfsync', 'everysec', 'appendfsync everysec'],
  ['appendfsync', 'no', 'appendfsync no'],
  ['cluster-node-timeout', '1999', 'cluster-node-timeout 1999'],
])('%s %s gives one warning', async (name, value, part) => {
  await set(name, value);
  expect(await warnings()).toEqual([expect.stringContaining(part)]);
});

test('each weak setting gives a warning of its own', async () => {
  await set('maxmemory', '0');
  await set('appendfsync', 'everysec');
  expect(await warnings()).toHaveLength(2);
});

test('replicas without min-replicas-to-write give a warning', async () => {
  const replica = await newRedis();
  await replica.client.replicaof('127.0.0.1', server.port);
  await eventually(async () => expect(await warnings()).toEqual([expect.stringContaining('min-replicas-to-write 0')]));
  await set('min-replicas-to-write', '1');
  expect(await warnings()).toEqual([]);
  await replica.client.replicaof('NO', 'ONE');
  await set('min-replicas-to-write', '0');
});

test('a user without the right to read settings gets a warning that names what was not checked', async () => {
  await server.client.acl('SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-config');
  const limited = await connect(server.url.replace('://', '://limited:secret@'));
  expect(await redisSettingWarnings(limited)).toEqual([expect.stringContaining('CONFIG GET is not permitted')]);
  limited.disconnect();
});
