import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import {
  callRest,
  callRestOnce,
  connectPeer,
  cookieOf,
  eventually,
  newConversation,
  newGuest,
  type RestOptions,
} from '@parley/testing';
import { sharedCluster } from './shared-cluster.ts';

const cluster = await sharedCluster();

interface SignedIn {
  user: { id: string; username: string; displayName: string; kind: string };
  accessToken: string;
  expiresAt: string;
}
const post = (path: string, options: RestOptions, call = callRest) =>
  call<SignedIn & { code: string }>(cluster.url, 'POST', `/api/auth/${path}`, options);

const password = 'correct horse battery';

/** Registers the name with a number that differs in each try: a try that got UNAVAILABLE may have taken its name. */
function register(name: string, more: object = {}) {
  let tries = 0;
  return eventually(async () => {
    tries += 1;
    const reply = await post('register', { body: { username: `${name}${tries}`, password, ...more } }, callRestOnce);
    expect(reply.status).not.toBe(503);
    return reply;
  });
}

test('a registered user logs in with the username in any case, and is the same user on every server', async () => {
  const registered = await register('Ada.Lovelace', { displayName: 'Ada' });
  expect(registered.status).toBe(201);
  const username = expect.stringMatching(/^Ada\.Lovelace\d+$/);
  expect(registered.body.user).toEqual({ id: expect.any(String), username, displayName: 'Ada', kind: 'account' });
  const lifeMs = Date.parse(registered.body.expiresAt) - Date.now();
  expect(lifeMs).toBeGreaterThan(9 * 60_000);
  expect(lifeMs).toBeLessThanOrEqual(10 * 60_000);
  expect(registered.headers.getSetCookie()[0]).toMatch(/^refresh=[^;]+;.*HttpOnly.*SameSite=Strict/i);

  const otherCase = registered.body.user.username.toLowerCase();
  const loggedIn = await post('login', { body: { username: otherCase, password } });
  expect(loggedIn.status).toBe(200);
  expect(loggedIn.body.user).toEqual(registered.body.user);
  const me = await callRest(cluster.url, 'GET', '/api/me', { token: loggedIn.body.accessToken });
  expect(me.body).toEqual(registered.body.user);
  (await connectPeer(cluster.url, loggedIn.body.accessToken)).close();
});

test('every user object carries a kind: account or guest', async () => {
  const guest = await newGuest(cluster.url, 'Visitor');
  const { user } = (await register('member')).body;
  const { token } = guest;
  const me = await callRest(cluster.url, 'GET', '/api/me', { token });
  expect(me.body).toMatchObject({ id: guest.id, kind: 'guest' });
  const people = await callRest<{ users: { id: string }[] }>(cluster.url, 'GET', `/api/users?ids=${user.id}`, {
    token,
  });
  expect(people.body.users).toEqual([user]);
  const peer = await connectPeer(cluster.url, token);
  const packets: { id: string; members: { id: string; kind: string }[] }[] = [];
  peer.socket.on('conversation', (packet) => packets.push(packet));
  const conversationId = await newConversation(cluster.url, guest, {
    kind: 'group',
    title: 'Us',
    memberIds: [user.id],
  });
  await eventually(() => {
    const members = packets.find(({ id }) => id === conversationId)?.members.map(({ id, kind }) => [id, kind]);
    expect(members).toEqual([
      [guest.id, 'guest'],
      [user.id, 'account'],
    ]);
  });
  peer.close();
});

test('registering a taken username, in any case, is a conflict', async () => {
  const { user } = (await register('taken')).body;
  expect(await post('register', { body: { username: user.username.toUpperCase(), password } })).toMatchObject({
    status: 409,
    body: { code: 'CONFLICT' },
  });
});

test('an unknown username and a wrong password get the same answer', async () => {
  const { user } = (await register('known')).body;
  const wrong = await post('login', { body: { username: user.username, password: 'wrong password' } });
  const unknown = await post('login', { body: { username: 'unknown', password: 'wrong password' } });
  expect(wrong).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED', retryable: false } });
  expect(unknown.body).toEqual(wrong.body);
  expect(wrong.headers.get('content-type')).toContain('application/problem+json');
});

test('login attempts with wrong passwords are rate limited', async () => {
  const guess = () => post('login', { body: { username: 'victim', password: 'guess guess' } });
  for (let tries = 0; tries < 10; tries += 1) expect((await guess()).status).toBe(401);
  // While Redis is unavailable, each of the two servers has its own count.
  let limited = await guess();
  for (let tries = 0; tries < 20 && limited.status === 401; tries += 1) limited = await guess();
  expect(limited).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', retryable: true } });
  expect(limited.body).toHaveProperty('retryAfterMs');
});

test('a refresh cookie can be used once; a second use ends the whole login', async () => {
  // A refresh that got UNAVAILABLE may have used up its cookie: each try has another login.
  const [first, second] = await eventually(async () => {
    const guest = await newGuest(cluster.url, 'Fresh');
    const refreshed = await post('refresh', { cookie: guest.cookie }, callRestOnce);
    expect(refreshed.status).not.toBe(503);
    return [guest, refreshed] as const;
  });
  expect(second.status).toBe(200);
  expect(second.body.user.id).toBe(first.id);
  const secondCookie = cookieOf(second);
  expect(secondCookie).not.toBe(first.cookie);
  expect(await post('refresh', { cookie: first.cookie })).toMatchObject({
    status: 401,
    body: { code: 'UNAUTHENTICATED' },
  });
  expect((await post('refresh', { cookie: secondCookie })).status).toBe(401);
});

test('a refresh cookie cannot be used after the logout', async () => {
  const guest = await newGuest(cluster.url, 'Leaving');
  const loggedOut = await post('logout', { cookie: guest.cookie });
  expect(loggedOut.status).toBe(204);
  expect(loggedOut.headers.getSetCookie()[0]).toMatch(/^refresh=;.*Max-Age=0/i);
  expect((await post('refresh', { cookie: guest.cookie })).status).toBe(401);
});

test.each([
  ['a short password', 'register', { username: 'shorty', password: 'short' }],
  ['a name with a space', 'register', { username: 'a b', password }],
  ['a name that is a number', 'register', { username: 7, password }],
  ['no display name', 'guest', {}],
  ['an empty display name', 'guest', { displayName: '   ' }],
  ['a control character', 'guest', { displayName: 'a\u0007b' }],
])('registration with %s is refused as INVALID_PAYLOAD', async (_name, path, body) => {
  const reply = await post(path, { body });
  expect(reply).toMatchObject({ status: 400, body: { code: 'INVALID_PAYLOAD', retryable: false } });
});

test('malformed JSON, a large body and an unknown path get an error object, not a page', async () => {
  const raw = await fetch(`${cluster.url}/api/auth/guest`, {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' },
  });
  expect(raw.status).toBe(400);
  expect(await raw.json()).toMatchObject({ code: 'INVALID_PAYLOAD' });
  const large = await post('guest', { body: { displayName: 'a'.repeat(200_000) } });
  expect(large).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
  const guest = await newGuest(cluster.url, 'Lost');
  const nowhere = await callRest(cluster.url, 'GET', '/api/nowhere', { token: guest.token });
  expect(nowhere).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  expect((await callRest(cluster.url, 'GET', '/api/me')).status).toBe(401);
});

test('a page of another origin cannot call the API and cannot connect', async () => {
  const headers = { origin: 'https://evil.example' };
  expect((await post('guest', { body: { displayName: 'Evil' }, headers })).status).toBe(403);
  const handshake = await fetch(`${cluster.url}/socket.io/?EIO=4&transport=polling`, { headers });
  expect(handshake.status).toBe(403);
  const own = await post('guest', { body: { displayName: 'Good' }, headers: { origin: cluster.url } });
  expect(own.status).toBe(201);
});

test('users are found by the beginning of a name, and by their ids', async () => {
  const seeker = await newGuest(cluster.url, 'Seeker');
  await newGuest(cluster.url, 'Zoë Quaresma');
  const found = await callRest<{ users: { displayName: string }[] }>(cluster.url, 'GET', '/api/users?query=quar', {
    token: seeker.token,
  });
  // A try that got UNAVAILABLE may have created another guest of that name.
  expect(new Set(found.body.users.map(({ displayName }) => displayName))).toEqual(new Set(['Zoë Quaresma']));
  const known = await callRest<{ users: { id: string }[] }>(cluster.url, 'GET', `/api/users?ids=${seeker.id},nobody`, {
    token: seeker.token,
  });
  expect(known.body.users.map(({ id }) => id)).toEqual([seeker.id]);
});

test('the logs contain no password, token or cookie', async () => {
  const registered = await register('private', { password: 'unforgettable-1' });
  await post('refresh', { cookie: cookieOf(registered) });
  const headers = { 'x-request-id': 'asked-last' };
  await callRest(cluster.url, 'GET', '/api/me', { token: registered.body.accessToken, headers });
  const text = await eventually(async () => {
    const logs = await Promise.all(cluster.logFiles().map((file) => readFile(file, 'utf8')));
    expect(logs.join('')).toContain('asked-last');
    return logs.join('');
  });
  expect(text).toContain('/api/me');
  for (const secret of [
    'unforgettable-1',
    registered.body.accessToken,
    cookieOf(registered).slice('refresh='.length),
  ]) {
    expect(text.includes(secret)).toBe(false);
  }
});
