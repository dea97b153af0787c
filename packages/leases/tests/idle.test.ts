import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import type { LeaseRef, SessionLeases } from '../src/index.ts';
import { hold, newLeaseFixture, queueUp, request } from './lease-fixture.ts';

const { newLeases, nowMs } = await newLeaseFixture();
const GUEST = { isGuest: true };
/** The warning comes after half of it. */
const idleTimeoutMs = 400;

/** Renews as the server of these sessions, which were not active. @returns the users whose sessions end, at once or soon */
async function idleAmong(leases: SessionLeases, sessions: readonly LeaseRef[]): Promise<string[]> {
  const { lost, idle } = await leases.renew(sessions);
  expect(lost).toEqual([]);
  const tokens = new Set(idle.map(({ token }) => token));
  return sessions.filter(({ token }) => tokens.has(token)).map(({ userId }) => userId);
}

/** Waits until the end of a session has come. */
const endOf = (leases: SessionLeases, session: LeaseRef) =>
  eventually(async () => {
    const { idle } = await leases.renew([session]);
    expect(idle).toEqual([{ token: session.token, endsInMs: expect.any(Number) }]);
    expect(idle[0]?.endsInMs).toBeLessThanOrEqual(0);
  });

test('ends no session while nobody waits, however long it is idle', async () => {
  const leases = newLeases({ maxClients: 2, idleTimeoutMs: 2 });
  const ada = await hold(leases, 'ada', GUEST);
  await eventually(async () => {
    expect(await idleAmong(leases, [ada])).toEqual([]);
    expect(await nowMs()).toBeGreaterThan(ada.startedAtMs + 100);
  });
});

test('warns the session that is idle for longest, ends it, and leaves its slot until the server releases it', async () => {
  const leases = newLeases({ maxClients: 2, idleTimeoutMs });
  const ada = await hold(leases, 'ada', GUEST);
  const bob = await hold(leases, 'bob', GUEST);
  await queueUp(leases, 'waiting');
  const [warning] = await eventually(async () => {
    const { idle } = await leases.renew([bob, ada]);
    expect(idle.map(({ token }) => token)).toEqual([ada.token]);
    return idle;
  });
  expect(warning?.endsInMs).toBeGreaterThan(0);
  expect(warning?.endsInMs).toBeLessThanOrEqual(idleTimeoutMs);
  await endOf(leases, ada);
  await queueUp(leases, 'waiting');
  expect((await leases.count()).held).toBe(2);
  await leases.release([ada]);
  await hold(leases, 'waiting');
  expect(await idleAmong(leases, [bob])).toEqual([]);
});

test('warns 30 s before the end', async () => {
  const leases = newLeases({ maxClients: 1, idleTimeoutMs: 30_500 });
  const ada = await hold(leases, 'ada', GUEST);
  await queueUp(leases, 'waiting');
  expect(await idleAmong(leases, [ada])).toEqual([]);
  const endsInMs = await eventually(async () => {
    const [idle] = (await leases.renew([ada])).idle;
    expect(idle).toBeDefined();
    return idle?.endsInMs ?? 0;
  });
  expect(endsInMs).toBeGreaterThan(25_000);
  expect(endsInMs).toBeLessThanOrEqual(30_000);
});

test('ends idle guests before accounts, and accounts when no guest is idle', async () => {
  const leases = newLeases({ maxClients: 3, idleTimeoutMs });
  const account = await hold(leases, 'account');
  const [ada, bob] = [await hold(leases, 'ada', GUEST), await hold(leases, 'bob', GUEST)];
  const sessions = [account, ada, bob];
  await queueUp(leases, 'first');
  await eventually(async () => expect(await idleAmong(leases, sessions)).toEqual(['ada']));
  await queueUp(leases, 'second');
  await eventually(async () => expect(await idleAmong(leases, sessions)).toEqual(['ada', 'bob']));
  await queueUp(leases, 'third');
  await eventually(async () => expect(await idleAmong(leases, sessions)).toEqual(['account', 'ada', 'bob']));
});

test('ends only as many sessions as slots are missing', async () => {
  const leases = newLeases({ maxClients: 4, idleTimeoutMs });
  const sessions: LeaseRef[] = [];
  for (const name of ['ada', 'bob', 'cy', 'dee']) sessions.push(await hold(leases, name, GUEST));
  await queueUp(leases, 'first');
  await queueUp(leases, 'second');
  await eventually(async () => expect(await idleAmong(leases, sessions)).toEqual(['ada', 'bob']));
  // A slot that is free already is for the first in the queue.
  await leases.release(sessions.splice(3, 1));
  await eventually(async () => expect(await idleAmong(leases, sessions)).toEqual(['ada']));
  await hold(leases, 'first');
  await eventually(async () => expect(await idleAmong(leases, sessions)).toEqual(['ada']));
});

test('activity keeps a session, and the next one ends instead', async () => {
  const leases = newLeases({ maxClients: 2, idleTimeoutMs });
  const ada = await hold(leases, 'ada', GUEST);
  const bob = await hold(leases, 'bob', GUEST);
  await queueUp(leases, 'waiting');
  await eventually(async () => expect(await idleAmong(leases, [ada, bob])).toEqual(['ada']));
  expect((await leases.renew([{ ...ada, activeAgoMs: 0 }])).idle).toEqual([]);
  await eventually(async () => expect(await idleAmong(leases, [ada, bob])).toEqual(['bob']));
  // A report that arrives late does not make a session older.
  await leases.renew([{ ...ada, activeAgoMs: 60_000 }]);
  expect(await idleAmong(leases, [ada, bob])).toEqual(['bob']);
});

test('ends nothing any more when the waiting users have left the queue', async () => {
  const leases = newLeases({ maxClients: 1, sessionTtlMs: 2_000, idleTimeoutMs });
  const ada = await hold(leases, 'ada', GUEST);
  await queueUp(leases, 'waiting');
  await eventually(async () => expect(await idleAmong(leases, [ada])).toEqual(['ada']));
  await eventually(async () => {
    expect(await idleAmong(leases, [ada])).toEqual([]);
    expect((await leases.count()).waiting).toBe(0);
  });
});

test('a session that replaces an idle one is as idle, and keeps the time of its end', async () => {
  const leases = newLeases({ maxClients: 1, idleTimeoutMs });
  await hold(leases, 'ada', GUEST);
  await queueUp(leases, 'waiting');
  await eventually(async () => {
    // Reconnects again and again: that is no activity.
    const session = await hold(leases, 'ada', { ...GUEST, takeover: true });
    const { idle } = await leases.renew([session]);
    expect(idle[0]?.endsInMs).toBeLessThanOrEqual(0);
  });
});

test('a session of an ended server delays nobody: its lease expires', async () => {
  const leases = newLeases({ maxClients: 2, sessionTtlMs: 2_000, idleTimeoutMs });
  await hold(leases, 'dead', GUEST);
  const bob = await hold(leases, 'bob', GUEST);
  await eventually(async () => {
    expect((await leases.renew([bob])).lost).toEqual([]);
    await hold(leases, 'waiting');
  });
  expect(await idleAmong(leases, [bob])).toEqual([]);
});

test.each([
  ['the idle timeout is off', { maxClients: 1 }],
  ['the number of clients has no limit', { maxClients: 0, idleTimeoutMs: 2 }],
])('ends nothing when %s', async (_name, options) => {
  const leases = newLeases(options);
  const ada = await hold(leases, 'ada', GUEST);
  await leases.acquire(request('another user'));
  await eventually(async () => {
    expect(await idleAmong(leases, [ada])).toEqual([]);
    expect(await nowMs()).toBeGreaterThan(ada.startedAtMs + 100);
  });
});
