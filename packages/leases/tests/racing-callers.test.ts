import { expect, test } from '@jest/globals';
import { createRedisSessionLeases, type RedisSessionLeasesOptions, type SessionLeases } from '../src/index.ts';
import { expectKind, LONG_TTL_MS, newLeaseFixture, request, userId } from './lease-fixture.ts';

const { connect, redis } = await newLeaseFixture();
const connections = await Promise.all(Array.from({ length: 5 }, connect));

/** One server for each connection. */
const newServers = (maxClients: number, keyPrefix: string, shares: Partial<RedisSessionLeasesOptions> = {}) =>
  connections.map((connection) =>
    createRedisSessionLeases(connection, { maxClients, sessionTtlMs: LONG_TTL_MS, keyPrefix, ...shares }),
  );

const pick = (servers: SessionLeases[], i: number) => servers[i % servers.length] as SessionLeases;

/** The highest number of held slots in all samples while `work` ran. */
async function mostHeldDuring(keyPrefix: string, work: Promise<unknown>): Promise<number> {
  let working = true;
  const finished = work.finally(() => {
    working = false;
  });
  let most = 0;
  while (working) most = Math.max(most, await redis.client.zcard(`${keyPrefix}:{sessions}:live`));
  await finished;
  return most;
}

test('500 racing users never get more than 50 slots', async () => {
  const servers = newServers(50, 'race');
  const racing = Promise.all(
    Array.from({ length: 500 }, (_, i) => pick(servers, i).acquire(request(`user-${i}`, { node: `server-${i % 5}` }))),
  );
  expect(await mostHeldDuring('race', racing)).toBeLessThanOrEqual(50);
  const outcomes = await racing;
  expect(outcomes.filter(({ kind }) => kind === 'acquired')).toHaveLength(50);
  const positions = outcomes.filter(({ kind }) => kind === 'full').map((each) => expectKind('full', each).position);
  expect(positions.sort((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, i) => i + 1));
  expect(await pick(servers, 0).count()).toEqual({ held: 50, waiting: 450 });
});

test('60 users that acquire, renew, release and take over never hold more than 10 slots', async () => {
  const servers = newServers(10, 'churn');
  const held = new Set<number>();
  let mostByCallers = 0;
  const churn = async (i: number) => {
    for (let round = 0; round < 30; round += 1) {
      const attempt = request(`user-${i}`, { takeover: round % 3 === 0 });
      const outcome = await pick(servers, i + round).acquire(attempt);
      if (outcome.kind !== 'acquired') continue;
      held.add(i);
      mostByCallers = Math.max(mostByCallers, held.size);
      await pick(servers, round).renew([attempt]);
      held.delete(i);
      await pick(servers, i).release([attempt]);
    }
  };
  const churning = Promise.all(Array.from({ length: 60 }, (_, i) => churn(i)));
  expect(await mostHeldDuring('churn', churning)).toBeLessThanOrEqual(10);
  expect(mostByCallers).toBeGreaterThan(1);
  expect(mostByCallers).toBeLessThanOrEqual(10);
  expect((await pick(servers, 0).count()).held).toBe(0);
});

test('60 users of 6 addresses never exceed the slots, those of guests or those of an address, while idle ones end', async () => {
  const servers = newServers(10, 'shares', { reservedForAccounts: 4, clientsPerAddress: 3, idleTimeoutMs: 2 });
  const held = new Map<number, boolean>();
  const perAddress = new Map<string, number>();
  let [most, mostGuests, mostOfAddress, ended] = [0, 0, 0, 0];
  const churn = async (i: number) => {
    const isGuest = i % 2 === 0;
    const address = `203.0.113.${i % 6}`;
    for (let round = 0; round < 30; round += 1) {
      const attempt = request(`user-${i}`, { takeover: round % 3 === 0, isGuest, address });
      const outcome = await pick(servers, i + round).acquire(attempt);
      if (outcome.kind !== 'acquired') continue;
      held.set(i, isGuest);
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
      most = Math.max(most, held.size);
      mostGuests = Math.max(mostGuests, [...held.values()].filter(Boolean).length);
      mostOfAddress = Math.max(mostOfAddress, perAddress.get(address) ?? 0);
      for (let renewals = 0; renewals < 5; renewals += 1) {
        const { idle } = await pick(servers, i + round).renew([attempt]);
        if (idle.some(({ endsInMs }) => endsInMs <= 0)) {
          ended += 1;
          break;
        }
      }
      held.delete(i);
      perAddress.set(address, (perAddress.get(address) ?? 0) - 1);
      await pick(servers, i).release([attempt]);
    }
  };
  await Promise.all(Array.from({ length: 60 }, (_, i) => churn(i)));
  expect(most).toBeLessThanOrEqual(10);
  expect(mostGuests).toBeLessThanOrEqual(6);
  expect(mostOfAddress).toBeLessThanOrEqual(3);
  expect([most, mostGuests, mostOfAddress].every((count) => count > 1)).toBe(true);
  expect(ended).toBeGreaterThan(0);
  expect((await pick(servers, 0).count()).held).toBe(0);
  const left = await Promise.all(
    ['active:guests', 'active:accounts', 'ending', 'addresses'].map((name) =>
      redis.client.zcard(`shares:{sessions}:${name}`),
    ),
  );
  expect(left).toEqual([0, 0, 0, 0]);
});

test('one user who races on three servers gets one lease, in each of 100 rounds', async () => {
  const servers = newServers(50, 'one-user').slice(0, 3);
  for (let round = 0; round < 100; round += 1) {
    const attempts = servers.map((_, i) => request('ada', { node: `server-${i}` }));
    const outcomes = await Promise.all(attempts.map((attempt, i) => pick(servers, i).acquire(attempt)));
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['acquired', 'already-connected', 'already-connected']);
    const winner = outcomes.findIndex(({ kind }) => kind === 'acquired');
    const { leases } = await pick(servers, 0).ledger();
    expect(leases.map(({ token }) => token)).toEqual([attempts[winner]?.token]);
    expect(
      await pick(servers, winner).release([{ userId: userId('ada'), token: leases[0]?.token ?? request('ada').token }]),
    ).toBe(1);
  }
});

test('racing takeovers report each replaced session once and leave one lease', async () => {
  const servers = newServers(1, 'takeover').slice(0, 3);
  for (let round = 0; round < 30; round += 1) {
    const attempts = servers.map(() => request(`user-${round}`, { takeover: true }));
    const outcomes = await Promise.all(attempts.map((attempt, i) => pick(servers, i).acquire(attempt)));
    const replaced = outcomes.map((outcome) => expectKind('acquired', outcome).replaced?.token).filter(Boolean);
    const holder = await pick(servers, 0).find(userId(`user-${round}`));
    expect([...replaced, holder?.token].sort()).toEqual(attempts.map(({ token }) => token).sort());
    await Promise.all(attempts.map(({ userId, token }, i) => pick(servers, i).release([{ userId, token }])));
  }
});
