import { expect, test } from '@jest/globals';
import type { ChatError, UserId } from '@parley/protocol';
import { createMetrics } from '@parley/service-kit';
import { CHAT_SERVER_METRICS } from '../metrics.ts';
import { EventLimit } from './event-limit.ts';

const ADA = 'u_ada' as UserId;
const BO = 'u_bo' as UserId;

const newLimit = (perSecond: number) =>
  new EventLimit({ perSecond, metrics: createMetrics(CHAT_SERVER_METRICS, 'chat-server-1') });

/** Counts events one after the other. @returns the refusals */
async function countEvents(limit: EventLimit, count: number, userId = ADA): Promise<ChatError[]> {
  const refusals: ChatError[] = [];
  for (let event = 0; event < count; event += 1) {
    await limit.count(userId).catch((error: ChatError) => refusals.push(error));
  }
  return refusals;
}

test('a user beyond the rate gets RATE_LIMITED with a time, and other users do not', async () => {
  const limit = newLimit(5);
  expect(await countEvents(limit, 50)).toEqual([]);
  const [refusal] = await countEvents(limit, 1);
  expect(refusal?.code).toBe('RATE_LIMITED');
  expect(refusal?.details.retryAfterMs).toBeGreaterThan(0);
  expect(refusal?.details.retryAfterMs).toBeLessThanOrEqual(10_000);
  expect(await countEvents(limit, 50, BO)).toEqual([]);
});

test('a client that ignores refusals gets them late', async () => {
  const limit = newLimit(1);
  await countEvents(limit, 10 + 64);
  const late = limit.count(ADA).then(
    () => 'counted',
    () => 'refused',
  );
  const turn = new Promise((resolve) => setImmediate(resolve)).then(() => 'no answer yet');
  expect(await Promise.race([late, turn])).toBe('no answer yet');
  expect(await late).toBe('refused');
});

test('0 is no limit', async () => {
  const limit = newLimit(0);
  expect(limit.isOn).toBe(false);
  expect(await countEvents(limit, 10_000)).toEqual([]);
});
