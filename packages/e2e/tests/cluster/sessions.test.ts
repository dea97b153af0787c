import { afterEach, expect, test } from '@jest/globals';
import { type ChatPeer, connectPeer, eventually, newGuest, type PeerOptions, type TestUser } from '@parley/testing';
import { newCluster } from './new-cluster.ts';

// Sessions on one server are tested in packages/chat-server.
const cluster = await newCluster({ NODES: 2 });

const open: ChatPeer[] = [];
afterEach(() => {
  for (const peer of open.splice(0)) peer.close();
});

async function connectWithHello(token: string, options?: PeerOptions): Promise<ChatPeer> {
  const peer = await connectPeer(cluster.url, token, options);
  expect((await peer.emit('session:hello', { timezone: 'Asia/Tokyo' })).ok).toBe(true);
  return peer;
}

test('a reconnect of the same device replaces its session, whichever server it was on', async () => {
  const guest = await newGuest(cluster.url, 'Bo');
  const auth = { deviceId: 'phone' };
  let current = await connectWithHello(guest.token, { auth });
  for (let round = 0; round < 10; round += 1) {
    const next = await connectWithHello(guest.token, { auth });
    await eventually(() => expect(current.disconnectedBy).toBe('io server disconnect'));
    expect(current.sessionEnds).toEqual([{ event: 'session:replaced', code: 'REPLACED' }]);
    expect(next.socket.connected).toBe(true);
    current = next;
  }
  current.close();
});

test('a takeover ends the session on the other device', async () => {
  const guest = await newGuest(cluster.url, 'Cy');
  const old = await connectWithHello(guest.token, { auth: { deviceId: 'a' } });
  const taken = await connectPeer(cluster.url, guest.token, { auth: { deviceId: 'b', takeover: true } });
  await eventually(() => expect(old.socket.connected).toBe(false));
  expect(old.sessionEnds.map(({ event }) => event)).toEqual(['session:replaced']);
  expect((await taken.emit('session:hello', { timezone: 'Europe/Berlin' })).ok).toBe(true);
  taken.close();
});

test('a session ends when its token expires, unless the token was refreshed on any server', async () => {
  const enter = async (guest: TestUser, seconds: number) => {
    const peer = await connectPeer(cluster.url, await cluster.tokenValidFor(guest.id, seconds));
    open.push(peer);
    expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
    return peer;
  };
  // A refresh that failed may have used the cookie up, so each attempt takes another guest.
  const refreshedPeer = await eventually(async () => {
    const guest = await newGuest(cluster.url, 'New');
    const peer = await enter(guest, 25);
    await cluster.refresh(guest.cookie);
    return peer;
  });
  // The refreshed session would have ended before this one.
  const expiringPeer = await enter(await newGuest(cluster.url, 'Old'), 35);
  await eventually(
    () => expect(expiringPeer.sessionEnds).toEqual([{ event: 'session:expired', code: 'UNAUTHENTICATED' }]),
    120_000,
  );
  expect(refreshedPeer.socket.connected).toBe(true);
  expect((await refreshedPeer.emit('session:hello', { timezone: 'UTC' })).ok).toBe(true);
});
