import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { eventually } from '@parley/testing';
import { createRedisSessionLeases, type SessionLeases } from '../src/index.ts';
import { hold, newLeaseFixture, queueUp, request, userId } from './lease-fixture.ts';

const { newLeases, keepServerAlive, connect, redis, nowMs } = await newLeaseFixture();
/** After an outage at least two fifths of it remain, which is enough for the calls of a test. */
const sessionTtlMs = 3_000;

/** Waits without any acquire or renewal until every present lease has expired. */
async function waitUntilExpired(leases: SessionLeases): Promise<void> {
  const expiries = (await leases.ledger()).leases.map(({ expiresAtMs }) => expiresAtMs);
  await eventually(async () => expect(await nowMs()).toBeGreaterThan(Math.max(...expiries)));
}

test('after an outage longer than the TTL, a newcomer does not get the slot of a live session', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs });
  const sessions = [await hold(leases, 'ada'), await hold(leases, 'bob')];
  await waitUntilExpired(leases);
  await queueUp(leases, 'newcomer');
  expect((await leases.renew(sessions)).lost).toEqual([]);
  await queueUp(leases, 'newcomer');
  expect((await leases.ledger()).leases.map(({ userId }) => userId).sort()).toEqual(['ada', 'bob']);
});

test('a renewal may be the first call after an outage', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  const bob = await hold(leases, 'bob');
  await waitUntilExpired(leases);
  const [{ lost }] = await Promise.all([leases.renew([ada]), queueUp(leases, 'newcomer')]);
  expect(lost).toEqual([]);
  expect((await leases.renew([bob])).lost).toEqual([]);
});

test('after an outage, leases count as held until the servers had time to renew', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  await queueUp(leases, 'bob');
  await waitUntilExpired(leases);
  const expectHeld = async () => {
    const [found, ledger, count, live, extended] = await Promise.all([
      leases.find(ada.userId),
      leases.ledger(),
      leases.count(),
      leases.liveUsers(),
      leases.extendAuthorisation(ada.userId, 1),
    ]);
    expect(found?.token).toBe(ada.token);
    expect(ledger).toMatchObject({ leases: [{ token: ada.token }], waiting: 1 });
    expect(count).toEqual({ held: 1, waiting: 1 });
    expect(live).toEqual([ada.userId]);
    expect(extended).toBe(true);
  };
  await expectHeld();
  await Promise.all([leases.renew([]), expectHeld()]);
  keepServerAlive(leases, sessionTtlMs);
  await eventually(async () => expect(await leases.count()).toEqual({ held: 0, waiting: 0 }));
  expect(await leases.find(ada.userId)).toBeUndefined();
});

test('frees the slots of dead sessions within the TTL after an outage', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  await hold(leases, 'dead');
  await waitUntilExpired(leases);
  const before = await nowMs();
  await queueUp(leases, 'ada');
  keepServerAlive(leases, sessionTtlMs);
  const ada = await eventually(() => hold(leases, 'ada'));
  expect(ada.startedAtMs).toBeGreaterThanOrEqual(before + Math.floor(sessionTtlMs / 3));
  expect((await leases.count()).held).toBe(1);
});

test('an outage does not change the order of the queue', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  const bob = await queueUp(leases, 'bob');
  await queueUp(leases, 'cy');
  await waitUntilExpired(leases);
  const [cyAgain, bobAgain] = await Promise.all([queueUp(leases, 'cy'), queueUp(leases, 'bob')]);
  expect(cyAgain.position).toBe(2);
  expect(bobAgain).toMatchObject({ position: 1, waitTicket: bob.waitTicket });
  await leases.release([ada]);
  await hold(leases, 'bob');
});

test('after an outage, a user without a lease gets a free slot at once', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs });
  await hold(leases, 'ada', { deviceId: 'phone' });
  await waitUntilExpired(leases);
  const [, laptop, phone] = await Promise.all([
    hold(leases, 'bob'),
    leases.acquire(request('ada', { deviceId: 'laptop' })),
    hold(leases, 'ada', { deviceId: 'phone' }),
  ]);
  expect(laptop.kind).toBe('already-connected');
  expect(phone.replaced).toBeDefined();
});

test('no slot is lost when Redis itself was frozen for longer than the TTL', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  redis.process.kill('SIGSTOP');
  try {
    const frozenAt = performance.now();
    await eventually(() => expect(performance.now() - frozenAt).toBeGreaterThan(sessionTtlMs));
  } finally {
    redis.process.kill('SIGCONT');
  }
  await queueUp(leases, 'newcomer');
  expect((await leases.renew([ada])).lost).toEqual([]);
  expect((await leases.find(userId('ada')))?.token).toBe(ada.token);
});

test('an attempt that timed out while Redis was frozen does not replace the session of a later one', async () => {
  const leases = newLeases({ maxClients: 2 });
  const withDeadline = await connectRedis(redis.url, 'command', {
    logger: silentLogger(),
    connectionName: 'with-deadline',
  });
  const options = { maxClients: 2, sessionTtlMs: 15_000, keyPrefix: 'hung' };
  const hung = createRedisSessionLeases(withDeadline, options);
  const other = createRedisSessionLeases(await connect(), options);
  await eventually(() => hung.renew([]));
  await other.renew([]);

  redis.process.kill('SIGSTOP');
  const late = hung.acquire(request('ada', { deviceId: 'phone' }));
  await expect(late).rejects.toThrow(/timed out/);
  redis.process.kill('SIGCONT');
  await eventually(() => withDeadline.ping()); // Redis replies after the earlier commands
  expect(await other.find(userId('ada'))).toBeUndefined();
  const ada = await other.acquire(request('ada', { deviceId: 'phone' }));
  expect(ada).toMatchObject({ kind: 'acquired' });
  expect(ada).not.toHaveProperty('replaced');
  withDeadline.disconnect();
  await once(withDeadline, 'end');
  expect(await leases.count()).toEqual({ held: 0, waiting: 0 });
});
