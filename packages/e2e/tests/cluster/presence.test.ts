import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import { type ChatPeer, connectPeer, eventually, newConversation, newGuests, type TestUser } from '@parley/testing';
import { newCluster } from './new-cluster.ts';

/** A user who reconnects within this time does not go offline. */
const GRACE_MS = 8_000;
/** Tolerance for a clock that is adjusted during the test. */
const CLOCK_TOLERANCE_MS = 500;
const cluster = await newCluster({ NODES: 2, SESSION_TTL_MS: 15_000, PRESENCE_GRACE_MS: GRACE_MS });

interface Change {
  userId: string;
  online: boolean;
  away?: boolean;
  lastSeenAt: string | null;
}

interface Watcher {
  readonly peer: ChatPeer;
  /** Returns the received changes of a user in order, without repetitions. */
  of(userId: string): Change[];
  count(conversationId: string): number | undefined;
}

/** Connects, sends session:hello and collects the presence events. */
async function connectWatcher(user: TestUser, notOn?: string): Promise<Watcher> {
  const peer = await eventually(async () => {
    const connected = await connectPeer(cluster.url, user.token, { auth: { deviceId: user.id } });
    if (connected.node !== notOn) return connected;
    connected.close();
    throw new Error('on the same server');
  });
  const changes: Change[] = [];
  const counts = new Map<string, number>();
  const watcher = {
    peer,
    of: (userId: string) =>
      changes
        .filter((change) => change.userId === userId)
        .filter((change, index, all) => !isDeepStrictEqual(change, all[index - 1])),
    count: (conversationId: string) => counts.get(conversationId),
  };
  peer.socket.on('presence', (packet: { changes: Change[]; counts?: { conversationId: string; online: number }[] }) => {
    changes.push(...packet.changes);
    for (const { conversationId, online } of packet.counts ?? []) counts.set(conversationId, online);
  });
  expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  return watcher;
}

const online = (userId: string, away = false) => ({ userId, online: true, away, lastSeenAt: null });
const expectLast = (watcher: Watcher, userId: string, change: object) =>
  eventually(() => expect(watcher.of(userId).at(-1)).toEqual(change), 120_000);

/** Sets a user away and back, and waits until the watcher has received both changes, and with them all earlier ones. */
async function goAwayAndReturn(watched: Watcher, userId: string, watcher: Watcher): Promise<void> {
  for (const isAway of [true, false]) {
    expect(await watched.peer.emit('away', { isAway })).toEqual({ ok: true });
    await expectLast(watcher, userId, online(userId, isAway));
  }
}

test('two users on two servers see each other online, away and offline; a short disconnect is not shown', async () => {
  const [ada, bo, cy] = (await newGuests(cluster.url, 3)) as [TestUser, TestUser, TestUser];
  await newConversation(cluster.url, ada, { kind: 'direct', memberIds: [bo.id] });
  await newConversation(cluster.url, ada, { kind: 'channel', title: 'News' });
  const stranger = await connectWatcher(cy);
  const first = await connectWatcher(ada);
  await eventually(() => expect(first.of(bo.id)).toEqual([{ userId: bo.id, online: false, lastSeenAt: null }]));

  let second = await connectWatcher(bo, first.peer.node);
  await expectLast(first, bo.id, online(bo.id));
  await expectLast(second, ada.id, online(ada.id));

  expect(await second.peer.emit('away', { isAway: 'yes' })).toMatchObject({ code: 'INVALID_PAYLOAD' });

  // On a slow machine the disconnect may be longer than the grace period: it is repeated then.
  let seenBefore = 0;
  for (let droppedAt = Number.NEGATIVE_INFINITY; performance.now() - droppedAt > GRACE_MS / 2; ) {
    await goAwayAndReturn(second, bo.id, first);
    seenBefore = first.of(bo.id).length;
    droppedAt = performance.now();
    second.peer.close();
    second = await connectWatcher(bo, first.peer.node);
  }
  expect(await second.peer.emit('away', { isAway: true })).toEqual({ ok: true });
  await expectLast(first, bo.id, online(bo.id, true));
  expect(first.of(bo.id).slice(seenBefore)).toEqual([online(bo.id, true)]);

  const leftAtMs = Date.now();
  second.peer.close();
  await expectLast(first, bo.id, { userId: bo.id, online: false, lastSeenAt: expect.any(String) });
  const { lastSeenAt } = first.of(bo.id).at(-1) as { lastSeenAt: string };
  expect(Date.parse(lastSeenAt)).toBeGreaterThanOrEqual(leftAtMs - CLOCK_TOLERANCE_MS);
  expect(Date.now() - Date.parse(lastSeenAt)).toBeGreaterThanOrEqual(GRACE_MS - CLOCK_TOLERANCE_MS);

  first.peer.close();
  const again = await connectWatcher(ada);
  await eventually(() => expect(again.of(bo.id)).toEqual([{ userId: bo.id, online: false, lastSeenAt }]));
  expect(stranger.of(ada.id)).toEqual([]);
  expect(stranger.of(bo.id)).toEqual([]);
  for (const { peer } of [stranger, again]) peer.close();
});

test('users who get a common conversation see each other at once; channels only have a count', async () => {
  const [ada, bo] = (await newGuests(cluster.url, 2)) as [TestUser, TestUser];
  const first = await connectWatcher(ada);
  const second = await connectWatcher(bo, first.peer.node);
  await eventually(() => expect(first.count('lobby')).toBeGreaterThanOrEqual(2));
  const channel = await newConversation(cluster.url, ada, { kind: 'channel', title: 'News' });
  expect(await second.peer.emit('conversation:join', { conversationId: channel })).toMatchObject({ ok: true });
  for (const watcher of [first, second]) await eventually(() => expect(watcher.count(channel)).toBe(2));
  expect([...first.of(bo.id), ...second.of(ada.id)]).toEqual([]);
  await newConversation(cluster.url, ada, { kind: 'group', title: 'Tea', memberIds: [bo.id] });
  await expectLast(first, bo.id, online(bo.id));
  await expectLast(second, ada.id, online(ada.id));
  second.peer.close();
  await expectLast(first, bo.id, { userId: bo.id, online: false, lastSeenAt: expect.any(String) });
  await eventually(() => expect(first.count(channel)).toBe(1));
  first.peer.close();
});

test('presence is correct after the presence service was killed, and users of a killed server go offline', async () => {
  const [ada, bo, cy] = (await newGuests(cluster.url, 3)) as [TestUser, TestUser, TestUser];
  for (const other of [bo, cy]) await newConversation(cluster.url, ada, { kind: 'direct', memberIds: [other.id] });
  const first = await connectWatcher(ada);
  const second = await connectWatcher(bo, first.peer.node);
  await expectLast(first, bo.id, online(bo.id));

  cluster.kill('presence-service-1', 'SIGKILL');
  second.peer.close();
  const third = await connectWatcher(cy);
  await expectLast(first, cy.id, online(cy.id));
  await expectLast(first, bo.id, { userId: bo.id, online: false, lastSeenAt: expect.any(String) });

  const back = await connectWatcher(bo, first.peer.node);
  await expectLast(first, bo.id, online(bo.id));
  cluster.kill(back.peer.node, 'SIGKILL');
  await expectLast(first, bo.id, { userId: bo.id, online: false, lastSeenAt: expect.any(String) });
  expect(third.of(ada.id)).toEqual([online(ada.id)]);
  for (const { peer } of [first, third]) peer.close();
});
