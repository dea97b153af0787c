import { expect, test } from '@jest/globals';
import { ChatPeer, connectPeer, eventually, newGuest, newGuests, requestFrom, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const ATTACKER = '127.0.0.2';

const post = (url: string, from: string, path: string, body: object) =>
  requestFrom(from, `${url}/api/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const get = (url: string, from: string, path: string, token = '') =>
  requestFrom(from, `${url}/api/${path}`, { headers: { authorization: `Bearer ${token}` } });

type Reply = Awaited<ReturnType<typeof requestFrom>>;

/** Checks that all replies beyond the first are refusals with a time. */
function expectRefusedFrom(replies: readonly Reply[], limit: number) {
  const refused = replies.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(replies.length - limit);
  for (const { headers, body } of refused) {
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    const { code, retryable, retryAfterMs } = JSON.parse(body);
    expect([code, retryable]).toEqual(['RATE_LIMITED', true]);
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(Number(headers['retry-after'])).toBe(Math.ceil(retryAfterMs / 1_000));
  }
}

const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

test('sign-ups are limited by address, and counted by rule', async () => {
  const server = await newChatServer({ SIGNUPS_PER_MINUTE: 10 });
  const signUp = (from: string, index: number) => post(server.url, from, 'guest', { displayName: `Guest ${index}` });
  expectRefusedFrom(await times(40, (index) => signUp(ATTACKER, index)), 10);
  expectRefusedFrom(await times(10, (index) => signUp('127.0.0.1', index)), 10);
  expect((await server.metric('chat_rate_limited_total')).get('rule="sign-up"')).toBe(30);
});

test('a client behind nginx cannot choose its address', async () => {
  const server = await newChatServer({ SIGNUPS_PER_MINUTE: 1 });
  const behindNginx = (address: string, forged: string) =>
    requestFrom('127.0.0.1', `${server.url}/api/auth/guest`, {
      method: 'POST',
      // nginx replaces X-Forwarded-For. The other headers are not read.
      headers: {
        'content-type': 'application/json',
        ...{ 'x-forwarded-for': address, forwarded: `for=${forged}`, 'x-client-ip': forged, 'x-real-ip': forged },
      },
      body: '{"displayName":"Ada"}',
    });
  expect((await behindNginx('203.0.113.7', '6.6.6.1')).status).toBe(201);
  expect((await behindNginx('203.0.113.7', '6.6.6.2')).status).toBe(429);
  expect((await behindNginx('2001:db8:1:2::1', '6.6.6.3')).status).toBe(201);
  expect((await behindNginx('2001:db8:1:2:ffff::9', '6.6.6.4')).status).toBe(429);
  expect((await behindNginx('2001:db8:1:3::1', '6.6.6.5')).status).toBe(201);
});

test('requests are limited by user and by address, also without a token', async () => {
  const server = await newChatServer({ REQUESTS_PER_MINUTE: 20, REQUESTS_PER_MINUTE_PER_ADDRESS: 60 });
  const [ada, bo] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
  expectRefusedFrom(await times(30, () => get(server.url, '127.0.0.3', 'me', ada.token)), 20);
  expect((await get(server.url, '127.0.0.3', 'me', bo.token)).status).toBe(200);
  const without = await times(100, () => get(server.url, ATTACKER, 'me'));
  expect(without.filter(({ status }) => status === 401)).toHaveLength(60);
  expectRefusedFrom(
    without.filter(({ status }) => status !== 401),
    0,
  );
  expect((await get(server.url, '127.0.0.3', 'me', bo.token)).status).toBe(200);
  const refused = await server.metric('chat_rate_limited_total');
  expect(refused.get('rule="request"')).toBe(10);
  expect(refused.get('rule="request-address"')).toBe(40);
});

test('searches of a user are limited, those of others and look-ups by id are not', async () => {
  const server = await newChatServer({ SEARCHES_PER_MINUTE: 10 });
  const [ada, bo] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
  const search = (index: number, { token }: TestUser) =>
    get(server.url, '127.0.0.1', index % 2 === 0 ? 'search?q=hello' : 'users?query=gu', token);
  expectRefusedFrom(await times(30, (index) => search(index, ada)), 10);
  expectRefusedFrom(await times(10, (index) => search(index, bo)), 10);
  expect((await get(server.url, '127.0.0.1', `users?ids=${bo.id}`, ada.token)).status).toBe(200);
});

test('handshakes are limited by address; the refusal has a code and a time, and others connect', async () => {
  const server = await newChatServer({ HANDSHAKES_PER_MINUTE: 10 });
  const healthy = await newGuest(server.url, 'Healthy');
  const outcomes = await times(30, () => {
    const peer = new ChatPeer(server.url, 'no token', { from: ATTACKER });
    return peer.outcome().finally(() => peer.close());
  });
  const refused = outcomes.filter((outcome) => outcome?.code === 'RATE_LIMITED');
  expect(refused).toHaveLength(20);
  for (const outcome of refused) expect(outcome?.retryAfterMs).toBeGreaterThan(0);
  (await connectPeer(server.url, healthy.token)).close();
  expect((await server.metric('chat_rate_limited_total')).get('rule="handshake"')).toBe(20);
});

test('events of a user are limited, whatever they are; events of others are not', async () => {
  const server = await newChatServer({ EVENTS_PER_SECOND: 5 });
  const [flooder, healthy] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
  const flooding = await connectPeer(server.url, flooder.token);
  const peer = await connectPeer(server.url, healthy.token);
  const replies = await times(100, (index) =>
    index % 2 === 0
      ? flooding.emit('typing', { conversationId: 'lobby', isTyping: true })
      : flooding.emit('nonsense', {}),
  );
  const refused = replies.filter((reply) => !reply.ok && reply.code === 'RATE_LIMITED');
  expect(refused).toHaveLength(50);
  for (const reply of refused) expect(reply).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) });
  expect(await peer.emit('typing', { conversationId: 'lobby', isTyping: true })).toEqual({ ok: true });
  for (const each of [peer, flooding]) each.close();
});

test('a repeat of an accepted message is acked beyond the limit of events', async () => {
  const server = await newChatServer({ EVENTS_PER_SECOND: 5 });
  const peer = await connectPeer(server.url, (await newGuest(server.url, 'Ada')).token);
  const send = () =>
    peer.emitOnce('message:send', { conversationId: 'lobby', clientMessageId: 'first', kind: 'text', text: 'hello' });
  expect(await send()).toMatchObject({ ok: true, duplicate: false });
  const replies = await times(60, () => peer.emit('typing', { conversationId: 'lobby', isTyping: true }));
  expect(replies.at(-1)).toMatchObject({ ok: false, code: 'RATE_LIMITED' });
  expect(await send()).toMatchObject({ ok: true, duplicate: true });
  peer.close();
});

test('a client that ignores refusals is read more slowly, and others notice nothing', async () => {
  const server = await newChatServer({ EVENTS_PER_SECOND: 5 });
  const [flooder, healthy] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
  const flooding = await connectPeer(server.url, flooder.token);
  const peer = await connectPeer(server.url, healthy.token);
  let answered = 0;
  for (let event = 0; event < 5_000; event += 1) {
    flooding.socket.emit('typing', { conversationId: 'lobby', isTyping: true }, () => {
      answered += 1;
    });
  }
  await eventually(() => expect(answered).toBeGreaterThanOrEqual(50 + 64));
  for (let event = 0; event < 20; event += 1) {
    expect(await peer.emit('read', { conversationId: 'lobby', seq: 1 })).toEqual({ ok: true });
  }
  expect(answered).toBeLessThan(1_000);
  for (const each of [peer, flooding]) each.close();
});

test('without limits, 200 guests sign up and connect from one address at once', async () => {
  const server = await newChatServer({ MAX_CLIENTS: 0 });
  const guests = await times(200, (index) => newGuest(server.url, `Guest ${index}`));
  const peers = await times(200, (index) => connectPeer(server.url, guests[index]?.token ?? ''));
  for (const peer of peers) peer.close();
  expect([...(await server.metric('chat_rate_limited_total')).values()].every((count) => count === 0)).toBe(true);
});
