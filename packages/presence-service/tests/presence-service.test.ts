import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { newServiceFixture, TTL_MS } from './service-fixture.ts';

const cluster = await newServiceFixture();
const { board, start, take, newUser, share } = cluster;

/** So short that a test need not wait for it. */
const SHORT_GRACE = { PRESENCE_GRACE_MS: 300 };
/** So long that it is not over before the test. */
const LONG_GRACE = { PRESENCE_GRACE_MS: 600_000 };

const stateOf = async (userId: UserId) => (await board.read([userId]))[0]?.state;
const shows = (userId: UserId, state: string) =>
  eventually(async () => expect([userId, await stateOf(userId)]).toEqual([userId, state]));
/** What one user was told of another, in order; a service that could not be sure of something tells it again. */
const toldOf = (receiver: UserId, userId: UserId) =>
  cluster.told
    .filter(({ room, change }) => room === `user:${receiver}` && change.userId === userId)
    .map(({ change }) => change)
    .filter((change, index, all) => !isDeepStrictEqual(change, all[index - 1]));

/** Resolves when all that was so before has been seen, shown and told: of somebody who came later it has been, too. */
async function wholeRound(): Promise<void> {
  const [early, late] = [newUser(), newUser()];
  await share(early, late);
  await take(early);
  await shows(early, 'online');
  await take(late);
  await eventually(() => expect(toldOf(early, late)).toContainEqual(expect.objectContaining({ online: true })));
}

test('who takes a place is online, who leaves is offline after the grace, and contacts are told each time', async () => {
  await start('one', SHORT_GRACE);
  const [ada, bo, cy] = [newUser(), newUser(), newUser()];
  await share(ada, bo);
  await take(ada);
  await take(cy);
  await shows(ada, 'online');
  await shows(cy, 'online');
  const beforeMs = Date.now();
  const place = await take(bo);
  await eventually(() =>
    expect(toldOf(ada, bo)).toEqual([{ userId: bo, online: true, away: false, lastSeenAt: null }]),
  );
  expect(await stateOf(bo)).toBe('online');
  await place.leave();
  await eventually(() =>
    expect(toldOf(ada, bo)[1]).toEqual({ userId: bo, online: false, lastSeenAt: expect.any(String) }),
  );
  const lastSeenAt = toldOf(ada, bo)[1]?.lastSeenAt ?? '';
  expect(Date.parse(lastSeenAt)).toBeGreaterThanOrEqual(beforeMs);
  expect(Date.parse(lastSeenAt)).toBeLessThanOrEqual(Date.now());
  expect(await board.read([bo])).toEqual([{ userId: bo, state: 'offline', lastSeenAtMs: Date.parse(lastSeenAt) }]);
  expect(cluster.told.filter(({ room }) => room === `user:${cy}`)).toEqual([]);
});

test('away is shown while it is said', async () => {
  await start('one', LONG_GRACE);
  const [ada, bo] = [newUser(), newUser()];
  await share(ada, bo);
  await take(ada);
  await take(bo);
  await shows(bo, 'online');
  await board.setAway(bo, true);
  cluster.reporter.report({ kind: 'away', userId: bo });
  await shows(bo, 'away');
  await board.setAway(bo, false);
  await shows(bo, 'online');
  await eventually(() =>
    expect(
      toldOf(ada, bo)
        .map(({ away }) => away)
        .slice(-2),
    ).toEqual([true, false]),
  );
});

test('a short drop shows nothing, whatever the servers say of it', async () => {
  await start('one', LONG_GRACE);
  const [ada, bo] = [newUser(), newUser()];
  await share(ada, bo);
  await take(ada);
  let place = await take(bo);
  await shows(bo, 'online');
  for (let drops = 0; drops < 2; drops += 1) {
    await place.leave();
    cluster.reporter.report({ kind: 'ended', userId: bo });
    await wholeRound();
    place = await take(bo);
    cluster.reporter.report({ kind: 'opened', userId: bo, conversationIds: [] });
    cluster.reporter.report({ kind: 'ended', userId: bo });
    await wholeRound();
  }
  expect(toldOf(ada, bo).every(({ online }) => online)).toBe(true);
  expect(await stateOf(bo)).toBe('online');
});

test("a dead server's users are offline once their leases and the grace are over, others stay", async () => {
  await start('one', SHORT_GRACE);
  const [ada, dead] = [newUser(), newUser()];
  await share(ada, dead);
  await take(ada);
  const place = await take(dead);
  await shows(dead, 'online');
  place.abandon();
  await shows(dead, 'offline');
  await eventually(() => expect(toldOf(ada, dead).at(-1)).toMatchObject({ online: false }));
  expect(await stateOf(ada)).toBe('online');
});

test('of two services one leads; when it stops the other goes on, and nobody seems to have gone', async () => {
  const services = { one: await start('one', LONG_GRACE), two: await start('two', LONG_GRACE) };
  const [ada, bo] = [newUser(), newUser()];
  await share(ada, bo);
  await take(ada);
  await take(bo);
  await shows(bo, 'online');
  await eventually(() => expect(toldOf(ada, bo)).toHaveLength(1));
  const leader = await eventually(async () => {
    const name = await cluster.leader();
    if (name !== 'one' && name !== 'two') throw new Error(`${name} leads`);
    return name;
  });
  await services[leader].stop();
  await eventually(async () => expect(await cluster.leader()).toBe(leader === 'one' ? 'two' : 'one'));
  await wholeRound();
  expect(toldOf(ada, bo)).toHaveLength(1);
});

test('a service that died is replaced when its lease is over, and by itself at once', async () => {
  await cluster.redis.client.set('parley:{presence}:leader', 'dead', 'PX', 1_500);
  const ada = newUser();
  await take(ada);
  await start('one', LONG_GRACE);
  await shows(ada, 'online');
  await eventually(async () => expect(await cluster.leader()).toBe('one'));
  await cluster.redis.client.set('parley:{presence}:leader', 'two', 'PX', 600_000);
  await start('two', LONG_GRACE);
  const bo = newUser();
  await take(bo);
  await shows(bo, 'online');
});

test('what happened while no service ran is shown and told when one does', async () => {
  const first = await start('one', SHORT_GRACE);
  const [ada, bo, cy] = [newUser(), newUser(), newUser()];
  await share(ada, bo);
  await share(ada, cy);
  await take(ada);
  const place = await take(bo);
  await shows(bo, 'online');
  await first.stop();
  await place.leave();
  await take(cy);
  await board.setAway(cy, true);
  expect(await stateOf(bo)).toBe('online');
  await start('one', SHORT_GRACE);
  await shows(cy, 'away');
  await shows(bo, 'offline');
  await eventually(() => expect(toldOf(ada, cy).at(-1)).toMatchObject({ online: true, away: true }));
  await eventually(() => expect(toldOf(ada, bo).at(-1)).toMatchObject({ online: false }));
});

test('what was shown but perhaps not told when a service died is told by the next', async () => {
  const [ada, bo] = [newUser(), newUser()];
  await share(ada, bo);
  await take(ada);
  await take(bo);
  await board.lead('dead', 600_000);
  expect(
    await board.show(
      'dead',
      [ada, bo].map((userId) => ({ userId, state: 'online' as const })),
      [],
    ),
  ).toBe(true);
  await board.stepDown('dead');
  await start('one', LONG_GRACE);
  await eventually(() =>
    expect(toldOf(ada, bo)).toEqual([{ userId: bo, online: true, away: false, lastSeenAt: null }]),
  );
});

test('a Redis that forgets everything is filled again', async () => {
  await start('one', LONG_GRACE);
  const ada = await take(newUser());
  await shows(ada.userId, 'online');
  await cluster.redis.client.flushall();
  await take(ada.userId);
  await shows(ada.userId, 'online');
});

test('while Redis is frozen for longer than the TTL nobody goes, and afterwards all goes on', async () => {
  await start('one', { PRESENCE_GRACE_MS: 2_000 });
  const [ada, bo] = [newUser(), newUser()];
  await share(ada, bo);
  await take(ada);
  const place = await take(bo);
  await shows(ada, 'online');
  await shows(bo, 'online');
  cluster.redis.process.kill('SIGSTOP');
  try {
    const frozenAt = performance.now();
    await eventually(() => expect(performance.now() - frozenAt).toBeGreaterThan(TTL_MS + 1_000));
  } finally {
    cluster.redis.process.kill('SIGCONT');
  }
  await wholeRound();
  expect(toldOf(ada, bo).every(({ online }) => online)).toBe(true);
  await place.leave();
  await shows(bo, 'offline');
});

test('who comes into a conversation is told of the others from then on', async () => {
  await start('one', LONG_GRACE);
  const [ada, bo] = [newUser(), newUser()];
  await take(ada);
  await take(bo);
  await shows(ada, 'online');
  await shows(bo, 'online');
  await wholeRound();
  const conversationId = await share(ada, bo);
  cluster.reporter.report({ kind: 'members', conversationId, userIds: [ada, bo] });
  await wholeRound();
  await board.setAway(bo, true);
  await eventually(() => expect(toldOf(ada, bo)).toMatchObject([{ online: true, away: true }]));
});
