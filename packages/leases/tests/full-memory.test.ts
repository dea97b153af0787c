import { afterEach, expect, test } from '@jest/globals';
import { expectKind, hold, newLeaseFixture, queueUp, request, userId } from './lease-fixture.ts';

const { redis, newLeases } = await newLeaseFixture();

afterEach(() => redis.client.config('SET', 'maxmemory', '0'));

test('while memory is full, slots are acquired, replaced, renewed and released, and the waiting room works', async () => {
  const leases = newLeases({ maxClients: 2 });
  const ada = await hold(leases, 'ada');
  await redis.client.config('SET', 'maxmemory', '1');

  const bo = await hold(leases, 'bo');
  expect((await leases.renew([ada, bo])).lost).toEqual([]);
  expect(await queueUp(leases, 'cy')).toMatchObject({ position: 1 });
  const takeover = request('bo', { takeover: true });
  expect(expectKind('acquired', await leases.acquire(takeover)).replaced).toMatchObject({ token: bo.token });
  expect(await leases.extendAuthorisation(userId('ada'), 1_900_000_000_999)).toBe(true);
  expect((await leases.find(userId('ada')))?.authorisedUntilMs).toBe(1_900_000_000_999);
  expect(await leases.count()).toEqual({ held: 2, waiting: 1 });
  expect((await leases.liveUsers()).sort()).toEqual(['ada', 'bo']);
  expect((await leases.ledger()).leases).toHaveLength(2);
  expect(await leases.release([ada])).toBe(1);
  await hold(leases, 'cy');
  expect(await leases.releaseNode('chat-server-1')).toBe(2);
});
