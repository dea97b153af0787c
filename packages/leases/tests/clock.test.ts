import { beforeEach, expect, test } from '@jest/globals';
import { describeWithMovableClock, eventually, MovableClock, newTemporaryDirectory } from '@parley/testing';
import { hold, newLeaseFixture, queueUp } from './lease-fixture.ts';

const clock = new MovableClock(await newTemporaryDirectory());
const { newLeases, keepServerAlive, nowMs } = await newLeaseFixture(clock.env);
const sessionTtlMs = 3_000;
const HOUR_S = 3_600;

beforeEach(async () => {
  clock.setOffset(0);
  await eventually(async () => expect(Math.abs((await nowMs()) - Date.now())).toBeLessThan(60_000));
});

/** Moves the clock of Redis, and waits until Redis shows it. */
async function moveClock(seconds: number): Promise<void> {
  clock.setOffset(seconds);
  await eventually(async () => expect(Math.abs((await nowMs()) - Date.now() - seconds * 1_000)).toBeLessThan(60_000));
}

describeWithMovableClock('when the clock of Redis is set', () => {
  test('back by an hour, the slot of a server that died before is free after the TTL', async () => {
    const leases = newLeases({ maxClients: 1, sessionTtlMs });
    keepServerAlive(leases, sessionTtlMs);
    await hold(leases, 'dead');
    await moveClock(-HOUR_S);
    await queueUp(leases, 'ada');
    await eventually(() => hold(leases, 'ada'), 10 * sessionTtlMs);
  });

  test('back by an hour, users who left the queue lose their positions, and reads agree', async () => {
    const leases = newLeases({ maxClients: 1, sessionTtlMs });
    keepServerAlive(leases, sessionTtlMs);
    const dead = await hold(leases, 'dead');
    await queueUp(leases, 'gone');
    await moveClock(-HOUR_S);
    await eventually(async () => expect(await leases.count()).toEqual({ held: 0, waiting: 0 }), 10 * sessionTtlMs);
    expect(await leases.find(dead.userId)).toBeUndefined();
    expect(await leases.liveUsers()).toEqual([]);
    expect((await leases.ledger()).leases).toEqual([]);
  });

  test('back by an hour, a live session keeps its slot', async () => {
    const leases = newLeases({ maxClients: 1, sessionTtlMs });
    const ada = await hold(leases, 'ada');
    await moveClock(-HOUR_S);
    for (let renewals = 0; renewals < 10; renewals += 1) {
      expect((await leases.renew([ada])).lost).toEqual([]);
      await queueUp(leases, 'newcomer');
      await new Promise((resolve) => setTimeout(resolve, sessionTtlMs / 5));
    }
  });

  test('back during the recovery from an outage, the slot of a dead session is free after the TTL', async () => {
    const leases = newLeases({ maxClients: 1, sessionTtlMs });
    await hold(leases, 'dead');
    await moveClock(HOUR_S);
    await queueUp(leases, 'ada'); // the first call after an outage, as it seems
    await moveClock(0);
    keepServerAlive(leases, sessionTtlMs);
    await eventually(() => hold(leases, 'ada'), 10 * sessionTtlMs);
  });

  test('forward by an hour, no session is idle at once, and back by an hour, an idle one still ends', async () => {
    const leases = newLeases({ maxClients: 1, sessionTtlMs, idleTimeoutMs: 4_000 });
    const ada = await hold(leases, 'ada', { isGuest: true });
    await queueUp(leases, 'waiting');
    await moveClock(HOUR_S);
    await queueUp(leases, 'waiting');
    expect((await leases.renew([ada])).idle).toEqual([]);
    await moveClock(0);
    const endsIn: number[] = [];
    await eventually(
      async () => {
        await queueUp(leases, 'waiting');
        endsIn.push(...(await leases.renew([ada])).idle.map(({ endsInMs }) => endsInMs));
        expect(endsIn.at(-1)).toBeLessThanOrEqual(0);
      },
      10 * sessionTtlMs,
      100,
    );
    expect(endsIn[0]).toBeGreaterThan(0);
    expect(endsIn[0]).toBeLessThanOrEqual(2_000);
  });

  test('forward by an hour, a live session keeps its slot, and that of a dead server is free after the TTL', async () => {
    const leases = newLeases({ maxClients: 2, sessionTtlMs });
    const ada = await hold(leases, 'ada');
    await hold(leases, 'dead');
    await moveClock(HOUR_S);
    await queueUp(leases, 'newcomer');
    expect((await leases.renew([ada])).lost).toEqual([]);
    const lost: unknown[] = [];
    await eventually(
      async () => {
        lost.push(...(await leases.renew([ada])).lost);
        await hold(leases, 'newcomer');
      },
      10 * sessionTtlMs,
      100,
    );
    expect(lost).toEqual([]);
    expect((await leases.find(ada.userId))?.token).toBe(ada.token);
  });
});
