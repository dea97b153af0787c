import { afterAll, expect, test } from '@jest/globals';
import { ChatError } from '@parley/protocol';
import { connectRedis, createMetrics, LimitExceeded, silentLogger } from '@parley/service-kit';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import { CHAT_SERVER_METRICS } from '../metrics.ts';
import { RateLimit, type RateLimitOptions } from './rate-limit.ts';

const server = await newRedis();
const connect = async () =>
  withoutCommandDeadline(
    await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'limits' }),
  );
const connections = [await connect(), await connect()] as const;
afterAll(() => {
  for (const connection of connections) connection.disconnect();
});

/** The same limit on two servers, and the number of their refusals. */
function newLimits(options: Pick<RateLimitOptions, 'rule' | 'limit' | 'seconds' | 'takesBack'>) {
  const metrics = createMetrics(CHAT_SERVER_METRICS, 'chat-server-1');
  const limits = connections.map((redis) => new RateLimit({ redis, metrics, ...options }));
  const refusals = async () => {
    const values = (await metrics.registry.getSingleMetric('chat_rate_limited_total')?.get())?.values ?? [];
    return values.find(({ labels }) => labels.rule === options.rule)?.value;
  };
  return { limits, refusals };
}

/** Counts in parallel, in turns on the two servers. @returns the refusals */
async function countTimes(limits: readonly RateLimit[], times: number, key: string): Promise<ChatError[]> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: times }, (_, index) => limits[index % limits.length]?.count(key)),
  );
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as ChatError] : []));
}

test('the servers count together, each key alone, and every refusal says when to try again', async () => {
  const { limits, refusals } = newLimits({ rule: 'sign-up', limit: 10, seconds: 60 });
  const refused = await countTimes(limits, 30, '127.0.0.2');
  expect(refused).toHaveLength(20);
  for (const error of refused) {
    expect(error).toBeInstanceOf(ChatError);
    expect(error.toBody()).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(error.details.retryAfterMs).toBeGreaterThan(0);
    expect(error.details.retryAfterMs).toBeLessThanOrEqual(60_000);
  }
  expect(await countTimes(limits, 10, '127.0.0.1')).toEqual([]);
  expect(await refusals()).toBe(20);
});

test('after the time that a refusal names, the key may be used again', async () => {
  const { limits } = newLimits({ rule: 'search', limit: 1, seconds: 1 });
  const [refusal] = await countTimes(limits, 2, 'ada');
  const waitMs = refusal?.details.retryAfterMs ?? 0;
  expect(waitMs).toBeLessThanOrEqual(1_000);
  await eventually(async () => expect(await countTimes(limits, 1, 'ada')).toEqual([]));
});

test('a limit of 0 counts nothing and needs no Redis', async () => {
  const { limits } = newLimits({ rule: 'handshake', limit: 0, seconds: 60 });
  expect(await countTimes(limits, 1_000, '127.0.0.2')).toEqual([]);
  expect(await server.client.keys('parley:limits:handshake:*')).toEqual([]);
});

test('a key beyond its limit costs no calls of Redis', async () => {
  const { limits } = newLimits({ rule: 'request', limit: 5, seconds: 60 });
  await countTimes(limits, 20, 'flooder');
  const calls = async () => /cmdstat_evalsha:calls=(\d+)/.exec(await server.client.info('commandstats'))?.[1];
  const before = await calls();
  expect(await countTimes(limits, 1_000, 'flooder')).toHaveLength(1_000);
  expect(await calls()).toBe(before);
});

test('a use that is taken back does not count', async () => {
  const { limits } = newLimits({ rule: 'failed-log-in', limit: 3, seconds: 60, takesBack: true });
  for (let use = 0; use < 10; use += 1) {
    await limits[0]?.count('ada');
    await limits[1]?.takeBack('ada');
  }
  expect(await countTimes(limits, 4, 'ada')).toHaveLength(1);
});

test('work that is refused because too much of it waits does not count', async () => {
  const { limits } = newLimits({ rule: 'search', limit: 5, seconds: 60, takesBack: true });
  const work = (refuses: boolean) => async () => {
    if (refuses) throw new LimitExceeded('share', 1_000);
    return 'done';
  };
  for (let attempt = 0; attempt < 20; attempt += 1) {
    await expect(limits[0]?.run('bo', work(true))).rejects.toThrow(LimitExceeded);
  }
  for (let attempt = 0; attempt < 5; attempt += 1) expect(await limits[1]?.run('bo', work(false))).toBe('done');
  await expect(limits[0]?.run('bo', work(false))).rejects.toThrow(ChatError);
});

test('without Redis each server counts alone, at once', async () => {
  const { limits } = newLimits({ rule: 'log-in', limit: 4, seconds: 60 });
  server.process.kill('SIGSTOP');
  for (const connection of connections) connection.disconnect();
  expect(await countTimes(limits, 20, '127.0.0.2')).toHaveLength(12);
});
