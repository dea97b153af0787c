import { expect, test } from '@jest/globals';
import { callRest, callRestOnce, connectPeer, eventually, newGuest } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const TTL_MS = 2_000;
const server = await newChatServer({ SESSION_TTL_MS: TTL_MS });
const redis = server.redis.client;
// Much more than the buffers of connections, which come and go.
await redis.set('filler', 'x'.repeat(20 * 1_048_576));

const setLimit = (bytes: number) => redis.config('SET', 'maxmemory', String(bytes));

const readyz = async () => {
  const { status, body } = await callRestOnce<{ status: string }>(server.url, 'GET', '/readyz');
  return [status, body.status];
};

const text = (clientMessageId: string) => ({ conversationId: 'lobby', clientMessageId, kind: 'text', text: 'hi' });

const EVENTS = [
  ['session:hello', { timezone: 'UTC' }],
  ['typing', { conversationId: 'lobby', isTyping: true }],
  ['away', { isAway: true }],
  ['read', { conversationId: 'lobby', seq: 1 }],
  ['delivered', { cursors: [{ conversationId: 'lobby', seq: 1 }] }],
  ['messages:since', { cursors: [{ conversationId: 'lobby', afterSeq: 0 }], limit: 10 }],
] as const;

test.each(['full', 'near its limit'])(
  'while the memory of Redis is %s, sends get BUSY, and sessions, signals and history work',
  async (state) => {
    const guest = await newGuest(server.url, 'Ada');
    const ada = await connectPeer(server.url, guest.token, { auth: { deviceId: 'a' } });
    expect(await ada.emitOnce('message:send', text(`${state.replaceAll(' ', '-')}-1`))).toMatchObject({ ok: true });
    expect(await readyz()).toEqual([200, 'ready']);

    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    // With 1 byte, Redis refuses every command that may add data. Near its limit it refuses nothing.
    await setLimit(state === 'full' ? 1 : Math.round(used / 0.95));
    await eventually(async () => expect(await readyz()).toEqual([200, 'degraded']));
    expect(await ada.emitOnce('message:send', text(`${state.replaceAll(' ', '-')}-2`))).toEqual(
      expect.objectContaining({ ok: false, code: 'BUSY', retryable: true, retryAfterMs: expect.any(Number) }),
    );
    const repeated = await ada.emitOnce('message:send', text(`${state.replaceAll(' ', '-')}-1`));
    if (state !== 'full') expect(repeated).toMatchObject({ ok: true, duplicate: true });

    const path = '/api/conversations/lobby/messages';
    const page = await callRest<{ messages: unknown[] }>(server.url, 'GET', path, { token: guest.token });
    expect(page.body.messages.length).toBeGreaterThan(0);
    for (const [event, payload] of EVENTS) {
      expect([event, await ada.emitOnce(event, payload)]).toEqual([event, expect.objectContaining({ ok: true })]);
    }

    // Sessions begin, replace others, and outlive their TTL.
    const bo = await connectPeer(server.url, (await newGuest(server.url, 'Bo')).token);
    const again = await connectPeer(server.url, guest.token, { auth: { deviceId: 'a' } });
    const longAfterMs = Date.now() + 3 * TTL_MS;
    await eventually(async () =>
      expect(Number(await redis.zscore('parley:{sessions}:live', guest.id))).toBeGreaterThan(longAfterMs),
    );
    for (const peer of [bo, again]) {
      expect(await peer.emitOnce('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
    }

    await setLimit(0);
    await eventually(async () => expect(await readyz()).toEqual([200, 'ready']));
    expect(await again.emitOnce('message:send', text(`${state.replaceAll(' ', '-')}-2`))).toMatchObject({
      ok: true,
      duplicate: false,
    });
    for (const peer of [ada, bo, again]) peer.close();
  },
);

test('the memory of Redis and its limit are metrics', async () => {
  await setLimit(100_000_000);
  const read = async (name: string) => (await server.metric(name)).get('') ?? 0;
  await eventually(async () => expect(await read('chat_cluster_redis_memory_limit_bytes')).toBe(100_000_000));
  expect(await read('chat_cluster_redis_memory_bytes')).toBeGreaterThan(20 * 1_048_576);
  await setLimit(0);
});

test('an account is created and logs in while the memory of Redis is full', async () => {
  await setLimit(1);
  const body = { username: 'dora', password: 'correct horse battery' };
  expect((await callRest(server.url, 'POST', '/api/auth/register', { body })).status).toBe(201);
  expect((await callRest(server.url, 'POST', '/api/auth/login', { body })).status).toBe(200);
  await setLimit(0);
});

test('a chat server starts while the memory of Redis is full', async () => {
  await setLimit(1);
  const other = await newChatServer({}, server);
  const peer = await connectPeer(other.url, (await newGuest(other.url, 'Cy')).token);
  expect(await peer.emitOnce('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  peer.close();
  await setLimit(0);
});
