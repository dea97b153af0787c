import { expect, test } from '@jest/globals';
import { createRedisSessionLeases, type SessionLeases } from '../src/index.ts';
import { expectKind, LONG_TTL_MS, newLeaseFixture, request, userId } from './lease-fixture.ts';

const { connect, redis } = await newLeaseFixture();
const connections = await Promise.all(Array.from({ length: 5 }, connect));

/** One server for each connection. */
const newServers = (maxClients: number, keyPrefix: string) =>
  connections.map((connection) =>
    createRedisSessionLeases(connection, { maxClients, sessionTtlMs: LONG_TTL_MS, keyPrefix }),
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
