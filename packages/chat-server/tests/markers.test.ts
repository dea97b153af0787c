import { afterAll, expect, test } from '@jest/globals';
import { openSqliteStore } from '@parley/message-store';
import type { ConversationId, UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuest,
  type TestUser,
  WITHOUT_STORE_DEADLINES,
} from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

/** A marker is in the store this long after its move. */
const SAVED_WITHIN_MS = 5_000;
const IDLE_MS = 3_000;

const server = await newChatServer({ MARKER_IDLE_MS: IDLE_MS });
const redis = server.redis.client;
const store = await openSqliteStore({ dataDir: server.dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
afterAll(() => store.close());

const readsKey = (user: TestUser) => `parley:{reads:${user.id}}`;
const receiptsKey = (conversationId: string) => `parley:{receipts:${conversationId}}`;

const connect = (user: TestUser) => eventually(() => connectPeer(server.url, user.token, { auth: { takeover: true } }));

/** Creates two users with a direct conversation of three messages by the first one, who is connected. */
async function newPair() {
  const [ada, bo] = [await newGuest(server.url, 'Ada'), await newGuest(server.url, 'Bo')];
  const conversationId = await newConversation(server.url, ada, { kind: 'direct', memberIds: [bo.id] });
  const [adaPeer, boPeer] = [await connect(ada), await connect(bo)];
  for (let i = 1; i <= 3; i += 1) expect(await adaPeer.send(conversationId, `m${i}`, 'hi')).toMatchObject({ ok: true });
  return { ada, bo, conversationId, adaPeer, boPeer };
}

async function readSeqOf(peer: ChatPeer, conversationId: string): Promise<number | undefined> {
  const reply = await peer.emit('session:hello', { timezone: 'UTC' });
  if (!reply.ok) throw new Error(reply.code);
  const heads = reply.heads as { conversationId: string; readSeq: number }[];
  return heads.find((head) => head.conversationId === conversationId)?.readSeq;
}

async function receipts(user: TestUser, conversationId: string) {
  const path = `/api/conversations/${conversationId}/receipts`;
  const { body } = await callRest<{ readers: { userId: string; readSeq: number }[] }>(server.url, 'GET', path, {
    token: user.token,
  });
  return body.readers;
}

const storedMarker = async (user: TestUser, conversationId: string) =>
  (await store.markers.listForUser(user.id as UserId)).find((marker) => marker.conversationId === conversationId);

test('read markers and receipts are in the store within 5 s, and are the same after Redis lost all data', async () => {
  const { ada, bo, conversationId, adaPeer, boPeer } = await newPair();
  expect(await boPeer.emit('delivered', { cursors: [{ conversationId, seq: 3 }] })).toMatchObject({ ok: true });
  expect(await boPeer.emit('read', { conversationId, seq: 2 })).toMatchObject({ ok: true });
  await eventually(
    async () =>
      expect(await storedMarker(bo, conversationId)).toEqual({
        userId: bo.id,
        conversationId,
        readSeq: 2,
        readAtMs: expect.any(Number),
        deliveredSeq: 3,
      }),
    SAVED_WITHIN_MS,
  );
  const before = await receipts(ada, conversationId);
  expect(before).toEqual([{ userId: bo.id, readSeq: 2, deliveredSeq: 3 }]);

  await redis.flushall();
  const again = await connect(bo);
  expect(await readSeqOf(again, conversationId)).toBe(2);
  expect(await receipts(ada, conversationId)).toEqual(before);
  // A marker never goes back, also when the server has to find it first.
  await redis.del(readsKey(bo), receiptsKey(conversationId));
  expect(await again.emit('read', { conversationId, seq: 1 })).toMatchObject({ ok: true });
  expect(await readSeqOf(again, conversationId)).toBe(2);
  for (const peer of [adaPeer, boPeer, again]) peer.close();
});

test('idle markers leave Redis and are read from the store', async () => {
  const { ada, bo, conversationId, adaPeer, boPeer } = await newPair();
  expect(await boPeer.emit('read', { conversationId, seq: 3 })).toMatchObject({ ok: true });
  await eventually(async () => expect(await redis.exists(readsKey(bo), receiptsKey(conversationId))).toBe(0));
  expect(await readSeqOf(boPeer, conversationId)).toBe(3);
  expect(await receipts(ada, conversationId)).toEqual([{ userId: bo.id, readSeq: 3, deliveredSeq: 3 }]);
  expect(await redis.pttl(readsKey(bo))).toBeGreaterThan(0);
  for (const peer of [adaPeer, boPeer]) peer.close();
});

test('markers that an earlier release left in Redis stay valid and reach the store', async () => {
  const { ada, bo, conversationId, adaPeer, boPeer } = await newPair();
  await redis.hset(readsKey(bo), conversationId, `2 ${Date.now() - 86_400_000}`, 'c_other', '9 1');
  await redis.hset(receiptsKey(conversationId), ada.id, '3 3', bo.id, '2 2');
  expect(await readSeqOf(boPeer, conversationId)).toBe(2);
  expect(await receipts(ada, conversationId)).toHaveLength(2);
  for (const key of [readsKey(bo), receiptsKey(conversationId)]) expect(await redis.pttl(key)).toBeGreaterThan(0);
  await eventually(async () => {
    expect(await storedMarker(bo, conversationId)).toMatchObject({ readSeq: 2, deliveredSeq: 2 });
    expect(await storedMarker(bo, 'c_other')).toMatchObject({ readSeq: 9, readAtMs: 1 });
    expect(await storedMarker(ada, conversationId)).toMatchObject({ readSeq: 3, deliveredSeq: 3 });
  });
  for (const peer of [adaPeer, boPeer]) peer.close();
});

test('a marker that a dead server moved and did not save is saved when its user connects again', async () => {
  const { bo, conversationId, adaPeer, boPeer } = await newPair();
  await redis.hset(readsKey(bo), conversationId, `1 ${Date.now()}`);
  await redis.pexpire(readsKey(bo), 600_000);
  expect(await storedMarker(bo, conversationId)).toBeUndefined();
  expect(await readSeqOf(boPeer, conversationId)).toBe(1);
  await eventually(async () => expect(await storedMarker(bo, conversationId)).toMatchObject({ readSeq: 1 }));
  for (const peer of [adaPeer, boPeer]) peer.close();
});

test('a stopping server saves the markers that are not saved yet', async () => {
  const other = await newChatServer({}, server);
  const user = await newGuest(other.url, 'Cy');
  const peer = await connectPeer(other.url, user.token);
  expect(await peer.send('lobby', 'm1', 'hi')).toMatchObject({ ok: true });
  expect(await peer.emit('read', { conversationId: 'lobby', seq: 1 })).toMatchObject({ ok: true });
  await other.stop();
  const [marker] = await store.markers.listForUser(user.id as UserId);
  expect(marker).toMatchObject({ conversationId: 'lobby' as ConversationId, readSeq: 1 });
});
