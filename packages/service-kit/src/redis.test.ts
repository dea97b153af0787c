import { once } from 'node:events';
import { afterAll, expect, test } from '@jest/globals';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import { silentLogger } from './logger.ts';
import { COMMAND_TIMEOUT_MS, connectRedis, isRedisUnavailable, redisUnavailableReason } from './redis.ts';

/** The delay that a busy machine may add. */
const SLACK_MS = 10_000;

const server = await newRedis();
const connect = () => connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'test' });
const connection = await connect();
const withoutDeadline = withoutCommandDeadline(await connect());
afterAll(() => {
  connection.disconnect();
  withoutDeadline.disconnect();
});

test('a frozen Redis fails a command as unavailable within the deadline, and works again afterwards', async () => {
  server.process.kill('SIGSTOP');
  const startedAt = performance.now();
  const error = await connection.get('x').catch((reason: unknown) => reason);
  server.process.kill('SIGCONT');
  expect(isRedisUnavailable(error)).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(COMMAND_TIMEOUT_MS + SLACK_MS);
  await eventually(() => connection.set('x', '1'));
});

test('a wrong command does not count as an unavailable Redis', async () => {
  await withoutDeadline.set('text', 'a');
  const error = await withoutDeadline.incr('text').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(isRedisUnavailable(error)).toBe(false);
});

test('redisUnavailableReason reports why no Redis answers', async () => {
  expect(await redisUnavailableReason(server.url, 60_000)).toBeUndefined();
  expect(await redisUnavailableReason('redis://127.0.0.1:1', 60_000)).toContain('ECONNREFUSED');
});

test('a killed Redis fails commands as unavailable at once', async () => {
  server.process.kill('SIGKILL');
  await once(server.process, 'exit');
  await eventually(() => expect(connection.status).not.toBe('ready'));
  const error = await connection.get('x').catch((reason: unknown) => reason);
  expect(isRedisUnavailable(error)).toBe(true);
});

test.each([
  ["Cluster isn't ready and enableOfflineQueue options is false"],
  ['Too many Cluster redirections. Last error: Error: Connection is closed.'],
  ['CLUSTERDOWN The cluster is down'],
  ['MOVED 3999 127.0.0.1:6381'],
  ['Connection is closed.'],
  ['Connection is discarded because a new connection is made'],
  ['All keys in the pipeline should belong to the same slots allocation group'],
  ['None of startup nodes is available'],
])('the error "%s" means that Redis is unavailable', (message) => {
  expect(isRedisUnavailable(new Error(message))).toBe(true);
});

test('a transaction that Redis discarded is unavailable only if the errors of its commands are', () => {
  const discarded = (reason: string) =>
    Object.assign(new Error('EXECABORT Transaction discarded because of previous errors.'), {
      previousErrors: [new Error(reason)],
    });
  expect(isRedisUnavailable(discarded('MOVED 3999 127.0.0.1:6381'))).toBe(true);
  expect(isRedisUnavailable(discarded("ERR unknown command 'NOTHING'"))).toBe(false);
});
