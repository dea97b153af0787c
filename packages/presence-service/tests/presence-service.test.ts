import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { newServiceFixture, TTL_MS } from './service-fixture.ts';

const cluster = await newServiceFixture();
const { presence, start, acquireSlot, newUser, createDirect } = cluster;

/** Short enough to wait for in a test. */
const SHORT_GRACE = { PRESENCE_GRACE_MS: 300 };
/** Longer than a test. */
const LONG_GRACE = { PRESENCE_GRACE_MS: 600_000 };

const stateOf = async (userId: UserId) => (await presence.read([userId]))[0]?.state;
const shows = (userId: UserId, state: string) =>
  eventually(async () => expect([userId, await stateOf(userId)]).toEqual([userId, state]));
/** The changes of `userId` that `receiver` was notified of, in order, without repeats: a service repeats an uncertain notification. */
const notificationsOf = (receiver: UserId, userId: UserId) =>
  cluster.notifications
    .filter(({ room, change }) => room === `user:${receiver}` && change.userId === userId)
    .map(({ change }) => change)
    .filter((change, index, all) => !isDeepStrictEqual(change, all[index - 1]));

/** Resolves when all earlier changes are shown and notified, because those of two later users are. */
async function wholeRound(): Promise<void> {
  const [early, late] = [newUser(), newUser()];
  await createDirect(early, late);
  await acquireSlot(early);
  await shows(early, 'online');
  await acquireSlot(late);
  await eventually(() =>
    expect(notificationsOf(early, late)).toContainEqual(expect.objectContaining({ online: true })),
  );
}

test('a user with a session is online, is offline after the grace period, and contacts are notified of both', async () => {
  await start('one', SHORT_GRACE);
  const [ada, bo, cy] = [newUser(), newUser(), newUser()];
  await createDirect(ada, bo);
  await acquireSlot(ada);
  await acquireSlot(cy);
  await shows(ada, 'online');
  await shows(cy, 'online');
  const beforeMs = Date.now();
  const slot = await acquireSlot(bo);
  await eventually(() =>
    expect(notificationsOf(ada, bo)).toEqual([{ userId: bo, online: true, away: false, lastSeenAt: null }]),
  );
  expect(await stateOf(bo)).toBe('online');
  await slot.release();
  await eventually(() =>
    expect(notificationsOf(ada, bo)[1]).toEqual({ userId: bo, online: false, lastSeenAt: expect.any(String) }),
  );
  const lastSeenAt = notificationsOf(ada, bo)[1]?.lastSeenAt ?? '';
  expect(Date.parse(lastSeenAt)).toBeGreaterThanOrEqual(beforeMs);
  expect(Date.parse(lastSeenAt)).toBeLessThanOrEqual(Date.now());
  expect(await presence.read([bo])).toEqual([{ userId: bo, state: 'offline', lastSeenAtMs: Date.parse(lastSeenAt) }]);
  expect(cluster.notifications.filter(({ room }) => room === `user:${cy}`)).toEqual([]);
});

test('a user has the status away while the client reports it', async () => {
  await start('one', LONG_GRACE);
  const [ada, bo] = [newUser(), newUser()];
  await createDirect(ada, bo);
  await acquireSlot(ada);
  await acquireSlot(bo);
  await shows(bo, 'online');
  await presence.setAway(bo, true);
  cluster.reporter.report({ kind: 'away', userId: bo });
  await shows(bo, 'away');
  await presence.setAway(bo, false);
  await shows(bo, 'online');
  await eventually(() =>
    expect(
      notificationsOf(ada, bo)
        .map(({ away }) => away)
        .slice(-2),
    ).toEqual([true, false]),
  );
});

test('a reconnect within the grace period changes nothing, whatever the servers report', async () => {
  await start('one', LONG_GRACE);
  const [ada, bo] = [newUser(), newUser()];
  await createDirect(ada, bo);
  await acquireSlot(ada);
  let slot = await acquireSlot(bo);
  await shows(bo, 'online');
  for (let drops = 0; drops < 2; drops += 1) {
    await slot.release();
    cluster.reporter.report({ kind: 'ended', userId: bo });
    await wholeRound();
    slot = await acquireSlot(bo);
    cluster.reporter.report({ kind: 'opened', userId: bo, conversationIds: [] });
    cluster.reporter.report({ kind: 'ended', userId: bo });
    await wholeRound();
  }
  expect(notificationsOf(ada, bo).every(({ online }) => online)).toBe(true);
  expect(await stateOf(bo)).toBe('online');
});

test('the users of a dead server are offline after the lease and the grace period, others stay online', async () => {
  await start('one', SHORT_GRACE);
  const [ada, dead] = [newUser(), newUser()];
  await createDirect(ada, dead);
  await acquireSlot(ada);
  const slot = await acquireSlot(dead);
  await shows(dead, 'online');
  slot.abandon();
  await shows(dead, 'offline');
  await eventually(() => expect(notificationsOf(ada, dead).at(-1)).toMatchObject({ online: false }));
  expect(await stateOf(ada)).toBe('online');
});

test('a second service continues when the leader stops, without a change for anybody', async () => {
  const services = { one: await start('one', LONG_GRACE), two: await start('two', LONG_GRACE) };
  const [ada, bo] = [newUser(), newUser()];
  await createDirect(ada, bo);
  await acquireSlot(ada);
  await acquireSlot(bo);
  await shows(bo, 'online');
  await eventually(() => expect(notificationsOf(ada, bo)).toHaveLength(1));
  const leader = await eventually(async () => {
    const name = await cluster.leader();
    if (name !== 'one' && name !== 'two') throw new Error(`${name} leads`);
    return name;
  });
  await services[leader].stop();
  await eventually(async () => expect(await cluster.leader()).toBe(leader === 'one' ? 'two' : 'one'));
  await wholeRound();
  expect(notificationsOf(ada, bo)).toHaveLength(1);
});

test('a dead leader is replaced after its lease, or at once when it restarts', async () => {
  await cluster.redis.client.set('parley:{presence}:leader', 'dead', 'PX', 1_500);
  const ada = newUser();
  await acquireSlot(ada);
  await start('one', LONG_GRACE);
  await shows(ada, 'online');
  await eventually(async () => expect(await cluster.leader()).toBe('one'));
  await cluster.redis.client.set('parley:{presence}:leader', 'two', 'PX', 600_000);
  await start('two', LONG_GRACE);
  const bo = newUser();
  await acquireSlot(bo);
  await shows(bo, 'online');
});

test('changes while no service ran are shown and notified when one starts', async () => {
  const first = await start('one', SHORT_GRACE);
  const [ada, bo, cy] = [newUser(), newUser(), newUser()];
  await createDirect(ada, bo);
  await createDirect(ada, cy);
  await acquireSlot(ada);
  const slot = await acquireSlot(bo);
  await shows(bo, 'online');
  await first.stop();
  await slot.release();
  await acquireSlot(cy);
  await presence.setAway(cy, true);
  expect(await stateOf(bo)).toBe('online');
  await start('one', SHORT_GRACE);
  await shows(cy, 'away');
  await shows(bo, 'offline');
  await eventually(() => expect(notificationsOf(ada, cy).at(-1)).toMatchObject({ online: true, away: true }));
  await eventually(() => expect(notificationsOf(ada, bo).at(-1)).toMatchObject({ online: false }));
});

test('the next leader publishes changes that a dead leader may not have published', async () => {
  const [ada, bo] = [newUser(), newUser()];
  await createDirect(ada, bo);
  await acquireSlot(ada);
  await acquireSlot(bo);
  await presence.acquireLeadership('dead', 600_000);
  expect(
    await presence.applyChanges(
      'dead',
      [ada, bo].map((userId) => ({ userId, state: 'online' as const })),
      [],
    ),
  ).toBe(true);
  await presence.releaseLeadership('dead');
  await start('one', LONG_GRACE);
  await eventually(() =>
    expect(notificationsOf(ada, bo)).toEqual([{ userId: bo, online: true, away: false, lastSeenAt: null }]),
  );
});

test('presence is complete again after Redis lost all data', async () => {
  await start('one', LONG_GRACE);
  const ada = await acquireSlot(newUser());
  await shows(ada.userId, 'online');
  await cluster.redis.client.flushall();
  await acquireSlot(ada.userId);
  await shows(ada.userId, 'online');
});

test('last-seen times are in the store within 5 s, leave Redis, and are the same after Redis lost all data', async () => {
  await start('one', { ...SHORT_GRACE, MARKER_IDLE_MS: 1_000 });
  const ada = await acquireSlot(newUser());
  await shows(ada.userId, 'online');
  await ada.release();
  await shows(ada.userId, 'offline');
  await eventually(async () => expect(await cluster.storedLastSeen(ada.userId)).toBeDefined(), 5_000);
  const [before] = await presence.read([ada.userId]);
  await eventually(async () => expect(await presence.recentlySeen()).toEqual([]));
  expect(await presence.read([ada.userId])).toEqual([before]);
  await cluster.redis.client.flushall();
  expect(await presence.read([ada.userId])).toEqual([before]);
});

test('last-seen times that a dead leader or an earlier release left in Redis reach the store', async () => {
  const [ada, bo] = [newUser(), newUser()];
  await presence.acquireLeadership('dead', 600_000);
  await presence.applyChanges('dead', [{ userId: ada, state: 'offline', lastSeenAtMs: 1_700_000_000_123 }], []);
  await presence.releaseLeadership('dead');
  await cluster.redis.client.hset('parley:{presence}:last-seen', bo, '1700000000456');
  await start('one', LONG_GRACE);
  await eventually(async () => expect(await cluster.storedLastSeen(ada)).toBe(1_700_000_000_123));
  await eventually(async () => expect(await cluster.storedLastSeen(bo)).toBe(1_700_000_000_456));
  await eventually(async () => expect(await cluster.redis.client.exists('parley:{presence}:last-seen')).toBe(0));
  expect(await presence.read([bo])).toEqual([{ userId: bo, state: 'offline', lastSeenAtMs: 1_700_000_000_456 }]);
});

test('nobody goes offline while Redis is frozen for longer than the TTL, and presence works afterwards', async () => {
  await start('one', { PRESENCE_GRACE_MS: 2_000 });
  const [ada, bo] = [newUser(), newUser()];
  await createDirect(ada, bo);
  await acquireSlot(ada);
  const slot = await acquireSlot(bo);
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
  expect(notificationsOf(ada, bo).every(({ online }) => online)).toBe(true);
  await slot.release();
  await shows(bo, 'offline');
});

test('new members of a conversation are notified of changes of the others', async () => {
  await start('one', LONG_GRACE);
  const [ada, bo] = [newUser(), newUser()];
  await acquireSlot(ada);
  await acquireSlot(bo);
  await shows(ada, 'online');
  await shows(bo, 'online');
  await wholeRound();
  const conversationId = await createDirect(ada, bo);
  cluster.reporter.report({ kind: 'members', conversationId, userIds: [ada, bo] });
  await wholeRound();
  await presence.setAway(bo, true);
  await eventually(() => expect(notificationsOf(ada, bo)).toMatchObject([{ online: true, away: true }]));
});
