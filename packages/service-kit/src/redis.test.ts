import { once } from 'node:events';
import { afterAll, expect, test } from '@jest/globals';
import { eventually, newRedis } from '@parley/testing';
import { silentLogger } from './logger.ts';
import { COMMAND_TIMEOUT_MS, connectRedis, isRedisAway } from './redis.ts';

/** What a busy machine may add. */
const SLACK_MS = 10_000;

const server = await newRedis();
const connection = await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'test' });
afterAll(() => connection.disconnect());

test('a frozen Redis fails a command within its deadline, as being away, and works again after', async () => {
  server.process.kill('SIGSTOP');
  const startedAt = performance.now();
  const error = await connection.get('x').catch((reason: unknown) => reason);
  server.process.kill('SIGCONT');
  expect(isRedisAway(error)).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(COMMAND_TIMEOUT_MS + SLACK_MS);
  await eventually(() => connection.set('x', '1'));
});

test('a command error is no outage', async () => {
  await connection.set('text', 'a');
  const error = await connection.incr('text').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(isRedisAway(error)).toBe(false);
});

test('a killed Redis fails commands at once, as being away', async () => {
  server.process.kill('SIGKILL');
  await once(server.process, 'exit');
  await eventually(() => expect(connection.status).not.toBe('ready'));
  const error = await connection.get('x').catch((reason: unknown) => reason);
  expect(isRedisAway(error)).toBe(true);
});
