import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { newFencingToken } from '../src/index.ts';
import { hold, LONG_TTL_MS, newLeaseFixture, queueUp, request, userId } from './lease-fixture.ts';

const { newLeases } = await newLeaseFixture();

test('a release frees the slot once', async () => {
  const leases = newLeases({ maxClients: 1 });
  const ada = await hold(leases, 'ada');
  expect(await leases.release([{ userId: ada.userId, token: newFencingToken() }])).toBe(0);
  expect(await leases.release([{ userId: userId('nobody'), token: ada.token }])).toBe(0);
  expect(await leases.release([ada])).toBe(1);
  expect(await leases.release([ada])).toBe(0);
  expect(await leases.find(ada.userId)).toBeUndefined();
  await hold(leases, 'bob');
});

test('renews thousands of leases in one call and returns the lost ones', async () => {
  const leases = newLeases({ maxClients: 0 });
  const requests = Array.from({ length: 2_500 }, (_, i) => request(`user-${i}`));
  for (let first = 0; first < requests.length; first += 250) {
    await Promise.all(requests.slice(first, first + 250).map((each) => leases.acquire(each)));
  }
  const stranger = request('stranger');
  const taken = await hold(leases, 'user-1700', { takeover: true });
  const before = await leases.find(taken.userId);
  const { lost } = await leases.renew([stranger, ...requests]);
  expect(lost.map(({ userId, token }) => ({ userId, token }))).toEqual([
    { userId: 'stranger', token: stranger.token },
    { userId: 'user-1700', token: requests[1_700]?.token },
  ]);
  expect(await leases.find(taken.userId)).toEqual(before);
  expect(await leases.find(userId('stranger'))).toBeUndefined();
});

test('releases thousands of leases in one call, except those with a newer token', async () => {
  const leases = newLeases({ maxClients: 0 });
  const held = Array.from({ length: 2_100 }, (_, i) => request(`user-${i}`));
  await Promise.all(held.map((each) => leases.acquire(each)));
  const taken = await hold(leases, 'user-1050', { takeover: true });
  expect(await leases.release(held)).toBe(2_099);
  expect((await leases.ledger()).leases.map(({ token }) => token)).toEqual([taken.token]);
  expect(await leases.release([])).toBe(0);
});

test('each renewal moves the expiry', async () => {
  const leases = newLeases({ maxClients: 1 });
  const ada = await hold(leases, 'ada');
  await eventually(async () => {
    expect((await leases.renew([ada])).lost).toEqual([]);
    expect((await leases.find(ada.userId))?.expiresAtMs).toBeGreaterThan(ada.startedAtMs + LONG_TTL_MS);
  });
  expect((await leases.find(ada.userId))?.startedAtMs).toBe(ada.startedAtMs);
});

test('releaseNode frees all slots of one server and no others', async () => {
  const leases = newLeases({ maxClients: 0 });
  for (let i = 0; i < 6; i += 1) await hold(leases, `user-${i}`, { node: `chat-server-${i % 2}` });
  await hold(leases, 'user-2', { node: 'chat-server-1', takeover: true });
  expect(await leases.releaseNode('chat-server-0')).toBe(2);
  expect(await leases.releaseNode('chat-server-0')).toBe(0);
  expect(await leases.releaseNode('chat-server')).toBe(0);
  expect((await leases.ledger()).leases.map(({ userId }) => userId).sort()).toEqual([
    'user-1',
    'user-2',
    'user-3',
    'user-5',
  ]);
});

test('extends the authorisation of an existing session only', async () => {
  const leases = newLeases({ maxClients: 1 });
  expect(await leases.extendAuthorisation(userId('ada'), 1)).toBe(false);
  const ada = await hold(leases, 'ada', { deviceId: 'a "phone"' });
  const before = await leases.find(ada.userId);
  const untilMs = Number.MAX_SAFE_INTEGER;
  expect(await leases.extendAuthorisation(ada.userId, untilMs)).toBe(true);
  expect(await leases.find(ada.userId)).toEqual({ ...before, authorisedUntilMs: untilMs });
  await leases.release([ada]);
  expect(await leases.extendAuthorisation(ada.userId, untilMs)).toBe(false);
});

test('the ledger lists the leases, oldest first, and counts the waiting users', async () => {
  const leases = newLeases({ maxClients: 3 });
  expect(await leases.ledger()).toEqual({ leases: [], waiting: 0 });
  expect(await leases.count()).toEqual({ held: 0, waiting: 0 });
  const cy = await hold(leases, 'cy', { node: 'chat-server-3' });
  let ada = await hold(leases, 'ada');
  while (ada.startedAtMs <= cy.startedAtMs) ada = await hold(leases, 'ada', { takeover: true });
  let bob = await hold(leases, 'bob');
  while (bob.startedAtMs <= ada.startedAtMs) bob = await hold(leases, 'bob', { takeover: true });
  await leases.renew([cy]);
  await queueUp(leases, 'dee');
  await queueUp(leases, 'eve');
  const ledger = await leases.ledger();
  expect(ledger.leases.map(({ userId, node, token }) => ({ userId, node, token }))).toEqual([
    { userId: 'cy', node: 'chat-server-3', token: cy.token },
    { userId: 'ada', node: 'chat-server-1', token: ada.token },
    { userId: 'bob', node: 'chat-server-1', token: bob.token },
  ]);
  expect(ledger.leases[0]).toEqual(await leases.find(userId('cy')));
  expect(ledger.waiting).toBe(2);
  expect(await leases.count()).toEqual({ held: 3, waiting: 2 });
});

test('fencing tokens never repeat', () => {
  const tokens = new Set(Array.from({ length: 10_000 }, newFencingToken));
  expect(tokens.size).toBe(10_000);
});
