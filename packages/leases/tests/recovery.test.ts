import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { eventually } from '@parley/testing';
import { createRedisSessionLeases, type SessionLeases } from '../src/index.ts';
import { hold, newLeaseFixture, queueUp, request, userId } from './lease-fixture.ts';

const { newLeases, keepServerAlive, connect, redis, nowMs } = await newLeaseFixture();
/** A recovery is a third of it: time enough for what tests do meanwhile. */
const sessionTtlMs = 3_000;

/** Lets nobody acquire or renew until every lease that is there now has expired. */
async function silenceUntilExpired(leases: SessionLeases): Promise<void> {
  const expiries = (await leases.ledger()).leases.map(({ expiresAtMs }) => expiresAtMs);
  await eventually(async () => expect(await nowMs()).toBeGreaterThan(Math.max(...expiries)));
}

test('lets no newcomer have the place of a live session after a silence longer than the TTL', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs });
  const sessions = [await hold(leases, 'ada'), await hold(leases, 'bob')];
  await silenceUntilExpired(leases);
  await queueUp(leases, 'newcomer');
  expect(await leases.renew(sessions)).toEqual([]);
  await queueUp(leases, 'newcomer');
  expect((await leases.ledger()).leases.map(({ userId }) => userId).sort()).toEqual(['ada', 'bob']);
});

test('begins the recovery too when a renewal comes first', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  const bob = await hold(leases, 'bob');
  await silenceUntilExpired(leases);
  const [lost] = await Promise.all([leases.renew([ada]), queueUp(leases, 'newcomer')]);
  expect(lost).toEqual([]);
  expect(await leases.renew([bob])).toEqual([]);
});

test('shows leases as held after a silence, until servers had time to renew', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  await queueUp(leases, 'bob');
  await silenceUntilExpired(leases);
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

test('frees the places of dead sessions a third of the TTL after a silence', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  await hold(leases, 'dead');
  await silenceUntilExpired(leases);
  const before = await nowMs();
  await queueUp(leases, 'ada');
  keepServerAlive(leases, sessionTtlMs);
  const ada = await eventually(() => hold(leases, 'ada'));
  expect(ada.startedAtMs).toBeGreaterThanOrEqual(before + Math.floor(sessionTtlMs / 3));
});

test('keeps the order of the queue over a silence', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  const bob = await queueUp(leases, 'bob');
  await queueUp(leases, 'cy');
  await silenceUntilExpired(leases);
  const [cyAgain, bobAgain] = await Promise.all([queueUp(leases, 'cy'), queueUp(leases, 'bob')]);
  expect(cyAgain.position).toBe(2);
  expect(bobAgain).toMatchObject({ position: 1, waitTicket: bob.waitTicket });
  await leases.release([ada]);
  await hold(leases, 'bob');
});

test('takes a user without a lease at once after a silence while places are free', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs });
  await hold(leases, 'ada', { deviceId: 'phone' });
  await silenceUntilExpired(leases);
  const [, laptop, phone] = await Promise.all([
    hold(leases, 'bob'),
    leases.acquire(request('ada', { deviceId: 'laptop' })),
    hold(leases, 'ada', { deviceId: 'phone' }),
  ]);
  expect(laptop.kind).toBe('already-connected');
  expect(phone.replaced).toBeDefined();
});

test('keeps every place when Redis itself was frozen for longer than the TTL', async () => {
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
  expect(await leases.renew([ada])).toEqual([]);
  expect((await leases.find(userId('ada')))?.token).toBe(ada.token);
});

test('an attempt that was given up while Redis hung does not replace the session of a later one', async () => {
  const leases = newLeases({ maxClients: 2 });
  const impatient = await connectRedis(redis.url, 'command', { logger: silentLogger(), connectionName: 'impatient' });
  const options = { maxClients: 2, sessionTtlMs: 15_000, keyPrefix: 'hung' };
  const hung = createRedisSessionLeases(impatient, options);
  const patient = createRedisSessionLeases(await connect(), options);
  await eventually(() => hung.renew([]));
  await patient.renew([]);

  redis.process.kill('SIGSTOP');
  const late = hung.acquire(request('ada', { deviceId: 'phone' }));
  await expect(late).rejects.toThrow(/timed out/);
  redis.process.kill('SIGCONT');
  await eventually(() => impatient.ping()); // answered after what was sent before
  expect(await patient.find(userId('ada'))).toBeUndefined();
  const ada = await patient.acquire(request('ada', { deviceId: 'phone' }));
  expect(ada).toMatchObject({ kind: 'acquired' });
  expect(ada).not.toHaveProperty('replaced');
  impatient.disconnect();
  await once(impatient, 'end');
  expect(await leases.count()).toEqual({ held: 0, waiting: 0 });
});
