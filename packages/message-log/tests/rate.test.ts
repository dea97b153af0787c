import { expect, test } from '@jest/globals';
import { pause } from '@parley/service-kit';
import type { AppendOutcome, RedisMessageLogOptions, SendRate } from '../src/index.ts';
import { conversation, draft, newLogs, readAll, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

/** A token every 1,000 s: a test ends before the next one. */
const SLOW: SendRate = { perSecond: 0.001, burst: 3 };
const TOKEN_MS = 1_000_000;

async function openRated(keyPrefix: string, options: Partial<RedisMessageLogOptions> = {}) {
  const log = await open.log({ keyPrefix, rate: SLOW, ...options });
  await log.states([lobby]);
  const append = (senderId = 'ada', fence = 0) => log.append(request({ draft: draft({ senderId }), fence }));
  const kinds = async (count: number) => {
    const outcomes: AppendOutcome['kind'][] = [];
    while (outcomes.length < count) outcomes.push((await append()).kind);
    return outcomes;
  };
  return { log, append, kinds };
}

test('a sender may send a burst, then gets the exact time until the next token', async () => {
  const { append } = await openRated('burst');
  const first = await append();
  expect([await append(), await append()].map(({ kind }) => kind)).toEqual(['appended', 'appended']);
  const tokenAt = (first.kind === 'appended' ? first.createdAtMs : 0) + TOKEN_MS;
  const before = await open.nowMs();
  const refused = await append();
  const after = await open.nowMs();
  expect(refused.kind).toBe('rate-limited');
  const { retryAfterMs } = refused as { retryAfterMs: number };
  expect(retryAfterMs).toBeLessThanOrEqual(tokenAt - before);
  expect(retryAfterMs).toBeGreaterThanOrEqual(tokenAt - after);
  expect((await append('bob')).kind).toBe('appended');
});

test('after that time there is a token', async () => {
  const { append } = await openRated('wait', { rate: { perSecond: 4, burst: 1 } });
  for (let round = 0; round < 3; round += 1) {
    let outcome = await append();
    while (outcome.kind === 'appended') outcome = await append();
    await pause((outcome as { retryAfterMs: number }).retryAfterMs);
    expect((await append()).kind).toBe('appended');
  }
});

test('a refusal costs no token', async () => {
  const { log, append, kinds } = await openRated('refused', { maxInProcess: 1 });
  const consumer = await open.consumer({ keyPrefix: 'refused' });
  const completeAll = async () => consumer.complete((await readAll(consumer)).entries);
  expect(await kinds(8)).toEqual(['appended', ...Array.from({ length: 7 }, () => 'busy')]);
  for (let round = 0; round < 2; round += 1) {
    await completeAll();
    expect(await kinds(3)).toEqual(
      round === 0 ? ['appended', 'busy', 'busy'] : ['appended', 'rate-limited', 'rate-limited'],
    );
  }
  const [first, later] = [await append(), await append()] as { retryAfterMs: number }[];
  expect(later?.retryAfterMs).toBeLessThanOrEqual(first?.retryAfterMs ?? 0);
  expect(await log.countInProcess()).toBe(1);
});

test('the order of the answers is duplicate, rate-limited, busy', async () => {
  const { log, kinds } = await openRated('order', { maxInProcess: 3 });
  const first = request();
  expect((await log.append(first)).kind).toBe('appended');
  expect(await kinds(3)).toEqual(['appended', 'appended', 'rate-limited']);
  expect((await log.append(first)).kind).toBe('duplicate');
  expect((await log.append(request({ draft: draft({ senderId: 'bob' }) }))).kind).toBe('busy');
});

test('system messages need no token, and repeats take none', async () => {
  const { log, kinds } = await openRated('exempt');
  const first = request();
  await log.append(first);
  for (let count = 0; count < 5; count += 1) {
    expect((await log.append(first)).kind).toBe('duplicate');
    expect((await log.append(request({ draft: { ...draft(), kind: 'system' } }))).kind).toBe('appended');
  }
  expect(await kinds(3)).toEqual(['appended', 'appended', 'rate-limited']);
});

test('a clock that was set back costs at most one burst', async () => {
  const { append } = await openRated('clock');
  await open.redis.client.hset('clock:{p0}:sender:ada', 'fullAt', (await open.nowMs()) + 1_000 * TOKEN_MS);
  expect(await append()).toEqual({ kind: 'rate-limited', retryAfterMs: TOKEN_MS });
});

test.each([0, 7])('the record of a sender expires, with the fence %d', async (fence) => {
  const { append } = await openRated(`expires-${fence}`);
  const key = `expires-${fence}:{p0}:sender:ada`;
  await append('ada', fence);
  // Without what the dedupe has recorded there.
  await open.redis.client.del(key);
  await append('ada', fence);
  expect(await open.redis.client.pttl(key)).toBeGreaterThan(3_600_000);
});

test('the messages of one call take a token each', async () => {
  const { log } = await openRated('call', { collectMs: () => 20 });
  const rush = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) => log.append(request({ draft: draft({ senderId: `u${index % 2}` }) }))),
    );
  const kinds = (await rush(200)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'appended')).toHaveLength(6);
  expect(kinds.filter((kind) => kind === 'rate-limited')).toHaveLength(194);
});

test.each<SendRate>([
  { perSecond: 0, burst: 3 },
  { perSecond: 3, burst: 0 },
])('%j is no limit', async (rate) => {
  const { kinds } = await openRated(`off-${rate.perSecond}`, { rate });
  expect(new Set(await kinds(20))).toEqual(new Set(['appended']));
  expect(await open.redis.client.hexists(`off-${rate.perSecond}:{p0}:sender:ada`, 'fullAt')).toBe(0);
});
