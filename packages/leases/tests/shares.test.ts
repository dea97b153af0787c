import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { expectKind, hold, newLeaseFixture, queueUp, request } from './lease-fixture.ts';

const { newLeases, redis } = await newLeaseFixture();
const GUEST = { isGuest: true };
const HOME = { address: '203.0.113.7' };
const NEIGHBOUR = { address: '203.0.113.70' };
const SIX = { address: '2001:db8:1:2::/64' };

test('guests cannot take the reserved slots, accounts can', async () => {
  const leases = newLeases({ maxClients: 3, reservedForAccounts: 1 });
  const ada = await hold(leases, 'ada', GUEST);
  await hold(leases, 'bob', GUEST);
  expect(await queueUp(leases, 'cy', undefined, GUEST)).toMatchObject({ position: 1, waitTicket: expect.any(String) });
  await hold(leases, 'account');
  expect(await queueUp(leases, 'late account')).toMatchObject({ position: 2 });
  await leases.release([ada]);
  expect(await queueUp(leases, 'late account')).toMatchObject({ position: 2 });
  await hold(leases, 'cy', GUEST);
});

test('a guest who waits does not delay an account that may take a reserved slot', async () => {
  const leases = newLeases({ maxClients: 4, reservedForAccounts: 2 });
  const ada = await hold(leases, 'ada', GUEST);
  await hold(leases, 'bob', GUEST);
  for (const name of ['g1', 'g2', 'g3']) await queueUp(leases, name, undefined, GUEST);
  await hold(leases, 'a1');
  await leases.release([ada]);
  // Two slots are free. The first guest in the queue may take one of them.
  await hold(leases, 'a2');
  expect(await queueUp(leases, 'a3')).toMatchObject({ position: 4 });
  expect(await queueUp(leases, 'g2', undefined, GUEST)).toMatchObject({ position: 2 });
  await hold(leases, 'g1', GUEST);
});

test('accounts beyond the reserved slots wait in the order of arrival', async () => {
  const leases = newLeases({ maxClients: 2, reservedForAccounts: 1 });
  const holders = [await hold(leases, 'a1'), await hold(leases, 'a2')];
  await queueUp(leases, 'guest', undefined, GUEST);
  await queueUp(leases, 'account');
  await leases.release(holders.slice(1));
  expect(await queueUp(leases, 'account')).toMatchObject({ position: 2 });
  await hold(leases, 'guest', GUEST);
});

test('an idle guest makes room for a guest, an idle account does not while guests have all of their slots', async () => {
  const leases = newLeases({ maxClients: 3, reservedForAccounts: 2, idleTimeoutMs: 400 });
  const account = await hold(leases, 'account');
  const guest = await hold(leases, 'guest', GUEST);
  await queueUp(leases, 'waiting', undefined, GUEST);
  await eventually(async () => {
    const { idle } = await leases.renew([account, guest]);
    expect(idle.map(({ token }) => token)).toEqual([guest.token]);
    expect(idle[0]?.endsInMs).toBeLessThanOrEqual(0);
  });
});

test('an address has at most its number of slots, and no position in the queue beyond them', async () => {
  const leases = newLeases({ maxClients: 5, clientsPerAddress: 2 });
  const ada = await hold(leases, 'ada', HOME);
  await hold(leases, 'bob', HOME);
  expectKind('address-full', await leases.acquire(request('cy', HOME)));
  expect(await leases.count()).toEqual({ held: 2, waiting: 0 });
  await hold(leases, 'neighbour', NEIGHBOUR);
  await hold(leases, 'six', SIX);
  await hold(leases, 'unknown');
  await leases.release([ada]);
  await hold(leases, 'cy', HOME);
});

test('a user who waited leaves the queue when the address has its number of slots', async () => {
  const leases = newLeases({ maxClients: 1, clientsPerAddress: 1 });
  const ada = await hold(leases, 'ada', NEIGHBOUR);
  await queueUp(leases, 'bob', undefined, HOME);
  await queueUp(leases, 'cy', undefined, HOME);
  await leases.release([ada]);
  await hold(leases, 'bob', HOME);
  expectKind('address-full', await leases.acquire(request('cy', HOME)));
  expect(await leases.count()).toEqual({ held: 1, waiting: 0 });
});

test('a reconnect takes no second slot of its address, and a change of address moves the slot', async () => {
  const leases = newLeases({ maxClients: 0, clientsPerAddress: 1 });
  const phone = { deviceId: 'phone' };
  await hold(leases, 'ada', { ...HOME, ...phone });
  await hold(leases, 'ada', { ...HOME, ...phone });
  expectKind('address-full', await leases.acquire(request('bob', HOME)));
  await hold(leases, 'ada', { ...SIX, ...phone });
  const bob = await hold(leases, 'bob', { ...HOME, ...phone });
  // The session of the other address continues.
  expectKind('address-full', await leases.acquire(request('ada', { ...HOME, ...phone })));
  expect((await leases.renew([bob])).lost).toEqual([]);
  expect((await leases.count()).held).toBe(2);
});

test('an expired session and the sessions of a server that starts again free the slots of their address', async () => {
  const leases = newLeases({ maxClients: 0, clientsPerAddress: 1, sessionTtlMs: 2_000 });
  await hold(leases, 'dead', HOME);
  await eventually(() => hold(leases, 'ada', { ...HOME, node: 'chat-server-2' }));
  await leases.releaseNode('chat-server-2');
  await hold(leases, 'bob', HOME);
});

test('a starting server deletes what servers of an earlier release left of a lease', async () => {
  const leases = newLeases({ keyPrefix: 'mixed', maxClients: 2, clientsPerAddress: 1, reservedForAccounts: 1 });
  await hold(leases, 'ada', { ...HOME, ...GUEST });
  const bob = await hold(leases, 'bob', NEIGHBOUR);
  await redis.client.hdel('mixed:{sessions}:holders', 'ada');
  await redis.client.zrem('mixed:{sessions}:live', 'ada');
  expectKind('address-full', await leases.acquire(request('cy', HOME)));
  await leases.releaseNode('chat-server-9');
  await hold(leases, 'cy', { ...HOME, ...GUEST });
  expect((await leases.renew([bob])).lost).toEqual([]);
});

test('keeps nothing of users who have left', async () => {
  const leases = newLeases({
    keyPrefix: 'left',
    maxClients: 1,
    clientsPerAddress: 1,
    reservedForAccounts: 0,
    idleTimeoutMs: 2,
  });
  const ada = await hold(leases, 'ada', { ...HOME, ...GUEST });
  await queueUp(leases, 'bob', undefined, { ...NEIGHBOUR, ...GUEST });
  await eventually(async () => expect((await leases.renew([ada])).idle).toHaveLength(1));
  await leases.release([ada]);
  await leases.release([await hold(leases, 'bob', { ...NEIGHBOUR, ...GUEST })]);
  const names = (await redis.client.keys('left:*')).map((key) => key.replace('left:{sessions}:', ''));
  expect(names.filter((name) => name !== 'skew').sort()).toEqual(['fence', 'touched', 'waiting:arrivals']);
});
