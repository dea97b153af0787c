import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { createRedisSessionLeases } from '../src/index.ts';
import { hold, newLeaseFixture, queueUp, request, userId } from './lease-fixture.ts';

const { newLeases, keepServerAlive, nowMs, connect, redis } = await newLeaseFixture();
/** The session clock stops after a third of it without any call. That is longer than the pauses of a busy machine. */
const sessionTtlMs = 2_000;

test('frees a slot after its TTL without renewal, not earlier, and leaves the others', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs });
  keepServerAlive(leases, sessionTtlMs);
  const dead = await hold(leases, 'dead');
  const ada = await hold(leases, 'ada');
  const lost: unknown[] = [];
  const bob = await eventually(async () => {
    lost.push(...(await leases.renew([ada])).lost);
    return hold(leases, 'bob');
  });
  expect(bob.startedAtMs).toBeGreaterThanOrEqual(dead.startedAtMs + sessionTtlMs);
  expect(lost).toEqual([]);
  expect((await leases.find(ada.userId))?.token).toBe(ada.token);
  expect(await leases.find(dead.userId)).toBeUndefined();
  expect((await leases.renew([dead])).lost).toEqual([dead]);
  expect(await leases.release([dead])).toBe(0);
});

test('frees the slots of a dead server exactly after the TTL while other servers renew', async () => {
  // Repeats the test when the machine paused for a third of the TTL, because the session clock then stops.
  await eventually(async () => {
    const leases = newLeases({ maxClients: 1, sessionTtlMs: 5_000 });
    keepServerAlive(leases, 5_000);
    const dead = await hold(leases, 'dead');
    const askedAtMs: number[] = [];
    await eventually(async () => {
      askedAtMs.push(await nowMs());
      await hold(leases, 'ada');
    });
    expect(askedAtMs.length).toBeGreaterThan(1);
    // No request after the end of the TTL was refused.
    expect(askedAtMs.at(-2)).toBeLessThan(dead.startedAtMs + 5_000);
  }, 120_000);
});

test('does not return an expired lease, even before another acquire deletes it', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  keepServerAlive(leases, sessionTtlMs);
  const { startedAtMs } = await hold(leases, 'ada');
  await eventually(async () => {
    expect(await leases.count()).toEqual({ held: 0, waiting: 0 });
    expect(await nowMs()).toBeGreaterThanOrEqual(startedAtMs + sessionTtlMs);
    expect(await leases.find(userId('ada'))).toBeUndefined();
    expect((await leases.ledger()).leases).toEqual([]);
    expect(await leases.liveUsers()).toEqual([]);
    expect(await leases.extendAuthorisation(userId('ada'), 1)).toBe(false);
  });
});

test('renews an expired lease that is not deleted', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  keepServerAlive(leases, sessionTtlMs);
  const ada = await hold(leases, 'ada');
  await eventually(async () => expect(await leases.find(ada.userId)).toBeUndefined());
  expect((await leases.renew([ada])).lost).toEqual([]);
  expect(await leases.find(ada.userId)).toMatchObject({ token: ada.token, startedAtMs: ada.startedAtMs });
  await queueUp(leases, 'bob');
});

test('a user with an expired lease acquires a slot from another device', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  keepServerAlive(leases, sessionTtlMs);
  await hold(leases, 'ada', { deviceId: 'phone' });
  const again = await eventually(() => hold(leases, 'ada', { deviceId: 'laptop' }));
  expect(again.replaced).toBeUndefined();
});

test('deletes thousands of expired leases and tickets in one call', async () => {
  const all = 2_500;
  const leases = newLeases({ maxClients: all, sessionTtlMs });
  keepServerAlive(leases, sessionTtlMs);
  for (let first = 0; first < 2 * all; first += 250) {
    await Promise.all(Array.from({ length: 250 }, (_, i) => leases.acquire(request(`user-${first + i}`))));
  }
  await eventually(async () => expect(await leases.count()).toEqual({ held: 0, waiting: 0 }));
  await eventually(() => hold(leases, 'ada'));
  expect(await leases.count()).toEqual({ held: 1, waiting: 0 });
});

test('leaves no data of users behind, whether they were admitted, left or lapsed', async () => {
  // The arrival numbers are kept for eight TTLs.
  const ttlMs = 500;
  const leases = createRedisSessionLeases(await connect(), {
    maxClients: 1,
    sessionTtlMs: ttlMs,
    keyPrefix: 'emptied',
  });
  const ada = await hold(leases, 'ada');
  await queueUp(leases, 'bob');
  await leases.release([ada]);
  await hold(leases, 'bob');
  await queueUp(leases, 'cy');
  keepServerAlive(leases, ttlMs);
  await eventually(async () => expect(await leases.count()).toEqual({ held: 0, waiting: 0 }));
  await eventually(async () => {
    await leases.release([await hold(leases, 'dee')]);
    const keys = await redis.client.keys('emptied:*');
    const names = keys.map((key) => key.split(':').at(-1));
    // `skew` is present when the machine paused.
    expect(names.filter((name) => name !== 'skew').sort()).toEqual(['arrivals', 'fence', 'touched']);
  });
});
