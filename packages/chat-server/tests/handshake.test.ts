import { expect, test } from '@jest/globals';
import {
  askToConnect,
  ChatPeer,
  callRestOnce,
  connectPeer,
  eventually,
  newGuest,
  newGuests,
  type TestUser,
} from '@parley/testing';
import { io } from 'socket.io-client';
import { newChatServer, signToken } from './new-chat-server.ts';

/** Within it, a slow machine connects and says hello. */
const FIRST_MESSAGE_DEADLINE_MS = 10_000;
const server = await newChatServer({ FIRST_MESSAGE_DEADLINE_MS });
const small = await newChatServer({ MAX_CLIENTS: 2, SESSION_TTL_MS: 120_000 });

const refusalOf = async (token: string, auth: Record<string, unknown> = {}, { url } = server) =>
  (await askToConnect(() => new ChatPeer(url, token, { auth }))).refusal;

async function connectWithHello(token: string, auth: Record<string, unknown> = {}, { url } = server) {
  const peer = await connectPeer(url, token, { auth });
  expect(await peer.emit('session:hello', { timezone: 'Asia/Tokyo' })).toMatchObject({ ok: true });
  return peer;
}

test.each([
  ['no token', {}, 'UNAUTHENTICATED'],
  ['an empty token', { token: '' }, 'UNAUTHENTICATED'],
  ['a malformed token', { token: 'rubbish' }, 'UNAUTHENTICATED'],
  ['an unsigned token', { token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1XzEiLCJleHAiOjk5OTk5OTk5OTl9.' }, 'UNAUTHENTICATED'],
  ['a token that is a number', { token: 42 }, 'INVALID_PAYLOAD'],
  ['a device id that is an object', { token: 'x', deviceId: {} }, 'INVALID_PAYLOAD'],
])('rejects a connection with %s', async (_name, auth, code) => {
  expect(await refusalOf('', { token: undefined, ...auth })).toMatchObject({ code, retryable: false });
});

test('rejects a connection with an expired token', async () => {
  expect(await refusalOf(await signToken('u_late', -1))).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('rejects a browser of a foreign origin, over both transports with the error', async () => {
  const headers = { origin: 'https://evil.example' };
  const polling = await callRestOnce(server.url, 'GET', '/socket.io/?EIO=4&transport=polling', { headers });
  expect(polling).toMatchObject({ status: 403, body: { code: 'FORBIDDEN', retryable: false } });
  const { token } = await newGuest(server.url, 'Visitor');
  const socket = io(server.url, { auth: { token }, transports: ['websocket'], forceNew: true, extraHeaders: headers });
  const error = await new Promise((resolve) => socket.once('connect_error', resolve));
  expect(error).toMatchObject({ message: 'FORBIDDEN', data: { code: 'FORBIDDEN', retryable: false } });
  socket.close();
});

test('rejects a client beyond the session slots with its position, and admits it when a slot is free', async () => {
  const [first, second, third, fourth] = (await newGuests(small.url, 4)) as [TestUser, TestUser, TestUser, TestUser];
  const holder = await connectWithHello(first.token, {}, small);
  const other = await connectWithHello(second.token, {}, small);
  const refusal = await refusalOf(third.token, {}, small);
  expect(refusal).toMatchObject({ code: 'SERVER_FULL', position: 1, retryAfterMs: expect.any(Number) });
  expect(await refusalOf(fourth.token, {}, small)).toMatchObject({ code: 'SERVER_FULL', position: 2 });
  holder.close();
  const admitted = await eventually(() =>
    connectPeer(small.url, third.token, { auth: { waitTicket: refusal?.waitTicket } }),
  );
  expect(other.socket.connected).toBe(true);
  for (const peer of [admitted, other]) peer.close();
});

test('rejects a second connection of a user with the time at which the first began', async () => {
  const guest = await newGuest(server.url, 'Ada');
  const beforeMs = Date.now();
  const first = await connectWithHello(guest.token);
  const afterMs = Date.now();
  const refusal = await refusalOf(guest.token, { deviceId: 'other' });
  expect(refusal?.code).toBe('ALREADY_CONNECTED');
  // The time is that of Redis, which may be rounded differently.
  expect(Date.parse(refusal?.since ?? '')).toBeGreaterThanOrEqual(beforeMs - 50);
  expect(Date.parse(refusal?.since ?? '')).toBeLessThanOrEqual(afterMs + 50);
  first.close();
});

test.each([
  ['a reconnect of the same device', { deviceId: 'phone' }, { deviceId: 'phone' }],
  ['a takeover by another device', { deviceId: 'phone' }, { deviceId: 'laptop', takeover: true }],
])('%s replaces the session, and the old connection is closed first', async (_name, oldAuth, newAuth) => {
  const guest = await newGuest(server.url, 'Bo');
  const old = await connectWithHello(guest.token, oldAuth);
  const replacing = await connectWithHello(guest.token, newAuth);
  await eventually(() => expect(old.disconnectedBy).toBe('io server disconnect'));
  expect(old.sessionEnds).toEqual([{ event: 'session:replaced', code: 'REPLACED' }]);
  expect(replacing.socket.connected).toBe(true);
  replacing.close();
});

test('disconnects clients that sent no valid event in time; one that said hello stays', async () => {
  const [silent, invalid, polite] = (await newGuests(server.url, 3)) as [TestUser, TestUser, TestUser];
  const politePeer = await connectWithHello(polite.token);
  const silentPeer = await connectPeer(server.url, silent.token);
  const invalidPeer = await connectPeer(server.url, invalid.token);
  expect(await invalidPeer.emit('session:hello', { timezone: 'Not/AZone' })).toMatchObject({ code: 'INVALID_PAYLOAD' });
  for (const peer of [silentPeer, invalidPeer]) {
    await eventually(() => expect(peer.disconnectedBy).toBe('io server disconnect'));
    expect(peer.sessionEnds).toEqual([{ event: 'session:expired', code: 'SILENT' }]);
  }
  expect(politePeer.socket.connected).toBe(true);
  politePeer.close();
});

test('ends a session when its token expires, unless the token was refreshed', async () => {
  const connectWithShortToken = async (user: TestUser, seconds: number) =>
    connectWithHello(await signToken(user.id, seconds));
  // A refresh that failed may have invalidated the cookie, so each attempt uses another guest.
  const refreshedPeer = await eventually(async () => {
    const guest = await newGuest(server.url, 'New');
    const peer = await connectWithShortToken(guest, 15);
    const { status } = await callRestOnce(server.url, 'POST', '/api/auth/refresh', { cookie: guest.cookie });
    expect(status).toBe(200);
    return peer;
  });
  // The refreshed session would have ended before this one.
  const expiringPeer = await connectWithShortToken(await newGuest(server.url, 'Old'), 20);
  await eventually(() =>
    expect(expiringPeer.sessionEnds).toEqual([{ event: 'session:expired', code: 'UNAUTHENTICATED' }]),
  );
  expect(await refreshedPeer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  refreshedPeer.close();
});
