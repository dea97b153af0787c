import { afterEach, expect, test } from '@jest/globals';
import {
  askToConnect,
  ChatPeer,
  connectPeer,
  eventually,
  newGuest,
  newGuests,
  type PeerOptions,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

/** Long enough for a slow machine to connect and say hello. */
const cluster = await newCluster({ NODES: 2, FIRST_MESSAGE_DEADLINE_MS: 30_000 });
const SILENT_WITHIN_MS = 90_000;

/** Connects unless it is refused, and gives the refusal. */
const refusalOf = async (token: string, auth: Record<string, unknown>) =>
  (await askToConnect(() => new ChatPeer(cluster.url, token, { auth }))).refusal;

const open: ChatPeer[] = [];
afterEach(() => {
  for (const peer of open.splice(0)) peer.close();
});

/** Connects and says hello, so that it may be silent from then on. */
async function connectPolitely(token: string, options?: PeerOptions): Promise<ChatPeer> {
  const peer = await connectPeer(cluster.url, token, options);
  expect((await peer.emit('session:hello', { timezone: 'Asia/Tokyo' })).ok).toBe(true);
  return peer;
}

test('a second connection is refused with the time at which the first began', async () => {
  const guest = await newGuest(cluster.url, 'Ada');
  const beforeMs = Date.now();
  const first = await connectPolitely(guest.token);
  const afterMs = Date.now();
  const refusal = await refusalOf(guest.token, { deviceId: 'other' });
  expect(refusal?.code).toBe('ALREADY_CONNECTED');
  // Redis told the time; its clock and this process's may round differently.
  expect(Date.parse(refusal?.since ?? '')).toBeGreaterThanOrEqual(beforeMs - 50);
  expect(Date.parse(refusal?.since ?? '')).toBeLessThanOrEqual(afterMs + 50);
  first.close();
});

test('the same device replaces its own session: a reconnect', async () => {
  const guest = await newGuest(cluster.url, 'Bo');
  const auth = { deviceId: 'phone' };
  let current = await connectPolitely(guest.token, { auth });
  for (let round = 0; round < 10; round += 1) {
    const next = await connectPolitely(guest.token, { auth });
    await eventually(() => expect(current.disconnectedBy).toBe('io server disconnect'));
    expect(current.sessionEnds).toEqual([{ event: 'session:replaced', code: 'REPLACED' }]);
    expect(next.socket.connected).toBe(true);
    current = next;
  }
  current.close();
});

test('a take-over ends the session elsewhere, and the old one can do nothing any more', async () => {
  const guest = await newGuest(cluster.url, 'Cy');
  const old = await connectPolitely(guest.token, { auth: { deviceId: 'a' } });
  const taken = await connectPeer(cluster.url, guest.token, { auth: { deviceId: 'b', takeover: true } });
  await eventually(() => expect(old.socket.connected).toBe(false));
  expect(old.sessionEnds.map(({ event }) => event)).toEqual(['session:replaced']);
  expect((await taken.emit('session:hello', { timezone: 'Europe/Berlin' })).ok).toBe(true);
  taken.close();
});

test('a client that says nothing gives its place back, also where it says nothing valid; one that says hello stays', async () => {
  const [silent, noisy, polite] = await newGuests(cluster.url, 3);
  const politePeer = await connectPolitely(polite?.token ?? '');
  const silentPeer = await connectPeer(cluster.url, silent?.token ?? '');
  const noisyPeer = await connectPeer(cluster.url, noisy?.token ?? '');
  const refused = await noisyPeer.emit('session:hello', { timezone: 'Not/AZone' });
  expect(refused).toMatchObject({ code: 'INVALID_PAYLOAD' });
  await eventually(() => expect(silentPeer.disconnectedBy).toBe('io server disconnect'), SILENT_WITHIN_MS);
  expect(silentPeer.sessionEnds).toEqual([{ event: 'session:expired', code: 'SILENT' }]);
  await eventually(() => expect(noisyPeer.sessionEnds[0]?.code).toBe('SILENT'), SILENT_WITHIN_MS);
  expect(politePeer.socket.connected).toBe(true);
  politePeer.close();
});

test.each([
  ['no token', {}],
  ['rubbish', { token: 'rubbish' }],
  ['a number', { token: 42 }],
  ['an unsigned token', { token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1XzEiLCJleHAiOjk5OTk5OTk5OTl9.' }],
])('a connection with %s is refused', async (_name, auth) => {
  const refusal = await refusalOf('', { token: undefined, ...auth });
  expect(['UNAUTHENTICATED', 'INVALID_PAYLOAD']).toContain(refusal?.code);
});

test('a session ends when its token does, unless the token was refreshed before', async () => {
  const enter = async (guest: TestUser, seconds: number) => {
    const peer = await connectPeer(cluster.url, await cluster.shortToken(guest.id, seconds));
    open.push(peer);
    expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
    return peer;
  };
  // Whether a refresh that was refused has used its cookie up nobody can tell: then with another guest.
  const refreshedPeer = await eventually(async () => {
    const guest = await newGuest(cluster.url, 'New');
    const peer = await enter(guest, 25);
    await cluster.refresh(guest.cookie);
    return peer;
  });
  // The one that was refreshed would have ended before this one.
  const expiringPeer = await enter(await newGuest(cluster.url, 'Old'), 35);
  await eventually(
    () => expect(expiringPeer.sessionEnds).toEqual([{ event: 'session:expired', code: 'UNAUTHENTICATED' }]),
    120_000,
  );
  expect(refreshedPeer.socket.connected).toBe(true);
  expect((await refreshedPeer.emit('session:hello', { timezone: 'UTC' })).ok).toBe(true);
});
