import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { hold, newLeaseFixture, queueUp } from './lease-fixture.ts';

const { newLeases, keepServerAlive, nowMs } = await newLeaseFixture();

test('gives each waiting user a position, a ticket and a retry time', async () => {
  const leases = newLeases({ maxClients: 1 });
  await hold(leases, 'ada');
  const bob = await queueUp(leases, 'bob');
  const cy = await queueUp(leases, 'cy');
  expect(bob).toEqual({ kind: 'full', position: 1, waitTicket: expect.any(String), retryAfterMs: 1_010 });
  expect(cy).toEqual({ kind: 'full', position: 2, waitTicket: expect.any(String), retryAfterMs: 1_020 });
  expect(cy.waitTicket).not.toBe(bob.waitTicket);
});

test('the retry time is at least 100 ms and at most half a TTL', async () => {
  const short = newLeases({ maxClients: 1, sessionTtlMs: 600 });
  await hold(short, 'ada');
  expect((await queueUp(short, 'bob')).retryAfterMs).toBe(300);
  const shortest = newLeases({ maxClients: 1, sessionTtlMs: 150 });
  await hold(shortest, 'ada');
  expect((await queueUp(shortest, 'bob')).retryAfterMs).toBe(100);
});

test('a retry keeps position and ticket, with any ticket or none', async () => {
  const leases = newLeases({ maxClients: 1 });
  await hold(leases, 'ada');
  const bob = await queueUp(leases, 'bob');
  const cy = await queueUp(leases, 'cy');
  expect(await queueUp(leases, 'bob', bob.waitTicket)).toEqual(bob);
  expect(await queueUp(leases, 'bob')).toEqual(bob);
  expect(await queueUp(leases, 'bob', cy.waitTicket)).toEqual(bob);
  expect(await queueUp(leases, 'cy', bob.waitTicket)).toEqual(cy);
  expect((await leases.count()).waiting).toBe(2);
});

test('a newcomer with a stolen ticket gets the last position', async () => {
  const leases = newLeases({ maxClients: 1 });
  await hold(leases, 'ada');
  const bob = await queueUp(leases, 'bob');
  await queueUp(leases, 'cy');
  const thief = await queueUp(leases, 'thief', bob.waitTicket);
  expect(thief.position).toBe(3);
  expect(thief.waitTicket).not.toBe(bob.waitTicket);
});

test('admits waiting users in the order of arrival, and no newcomer before them', async () => {
  const leases = newLeases({ maxClients: 2 });
  const ada = await hold(leases, 'ada');
  const abe = await hold(leases, 'abe');
  for (const user of ['bob', 'cy', 'dee']) await queueUp(leases, user);

  await leases.release([ada]);
  expect((await queueUp(leases, 'newcomer')).position).toBe(4);
  expect((await queueUp(leases, 'dee')).position).toBe(3);
  expect((await queueUp(leases, 'cy')).position).toBe(2);
  await hold(leases, 'bob');
  expect((await queueUp(leases, 'cy')).position).toBe(1);
  expect((await queueUp(leases, 'newcomer')).position).toBe(3);

  await leases.release([abe]);
  await hold(leases, 'cy');
  expect(await leases.count()).toEqual({ held: 2, waiting: 2 });
});

test('admits as many waiting users as slots are free, in any order of their retries', async () => {
  const leases = newLeases({ maxClients: 3 });
  const holders = [await hold(leases, 'a1'), await hold(leases, 'a2'), await hold(leases, 'a3')];
  for (const user of ['bob', 'cy', 'dee']) await queueUp(leases, user);
  for (const { userId, token } of holders.slice(1)) await leases.release([{ userId, token }]);
  await hold(leases, 'cy');
  await queueUp(leases, 'dee');
  await queueUp(leases, 'newcomer');
  await hold(leases, 'bob');
  expect((await queueUp(leases, 'dee')).position).toBe(1);
});

test('admits a newcomer when more slots are free than users wait', async () => {
  const leases = newLeases({ maxClients: 2 });
  const ada = await hold(leases, 'ada');
  const abe = await hold(leases, 'abe');
  await queueUp(leases, 'bob');
  await leases.release([ada]);
  await leases.release([abe]);
  await hold(leases, 'newcomer');
  await hold(leases, 'bob');
});

test('a user who does not retry is passed within three quarters of the TTL and keeps the arrival number', async () => {
  const sessionTtlMs = 5_000;
  // Repeats the test when the machine paused for half of the TTL, because that starts a recovery.
  await eventually(async () => {
    const leases = newLeases({ maxClients: 1, sessionTtlMs });
    keepServerAlive(leases, sessionTtlMs);
    const ada = await hold(leases, 'ada');
    const before = await nowMs();
    const gone = await queueUp(leases, 'gone');
    const after = await nowMs();
    await queueUp(leases, 'cy');
    await leases.release([ada]);
    expect((await queueUp(leases, 'cy')).position).toBe(2);
    const askedAtMs: number[] = [];
    const cy = await eventually(async () => {
      askedAtMs.push(await nowMs());
      return hold(leases, 'cy');
    });
    expect(cy.startedAtMs).toBeGreaterThanOrEqual(before + gone.retryAfterMs);
    expect(askedAtMs.length).toBeGreaterThan(1);
    // No request after that time was refused.
    expect(askedAtMs.at(-2)).toBeLessThan(after + (sessionTtlMs * 3) / 4);

    const newcomer = await queueUp(leases, 'newcomer');
    const back = await queueUp(leases, 'gone', gone.waitTicket);
    expect([newcomer.position, back.position, back.waitTicket]).toEqual([1, 1, gone.waitTicket]);
    expect((await queueUp(leases, 'newcomer')).position).toBe(2);
  }, 120_000);
});

test('does not count a lapsed user, even before another acquire deletes the position', async () => {
  const sessionTtlMs = 2_000;
  const leases = newLeases({ maxClients: 1, sessionTtlMs });
  const ada = await hold(leases, 'ada');
  await queueUp(leases, 'bob');
  await eventually(async () => {
    expect((await leases.renew([ada])).lost).toEqual([]);
    expect(await leases.count()).toEqual({ held: 1, waiting: 0 });
    expect((await leases.ledger()).waiting).toBe(0);
  });
});
