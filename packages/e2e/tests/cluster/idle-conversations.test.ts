import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  type SeenMessage,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const cluster = await newCluster({ NODES: 2, CONVERSATION_IDLE_MS: 1_000 });
const [ada, bo] = (await newGuests(cluster.url, 2)) as [TestUser, TestUser];

const keysOf = (id: string) => cluster.redis.keys(`parley:{p0}:*:${id}`);
const leavesRedis = (id: string) => eventually(async () => expect(await keysOf(id)).toEqual([]));

test('a conversation that was idle leaves Redis, and everything works with it as before, in the same epoch', async () => {
  const id = await newConversation(cluster.url, ada, { kind: 'group', title: 'Tea', memberIds: [bo.id] });
  const adaPeer = await connectPeer(cluster.url, ada.token);
  const boPeer = await connectPeer(cluster.url, bo.token);
  const change = async (event: string, payload: Record<string, unknown>) => {
    const reply = await adaPeer.emit(event, { conversationId: id, clientMessageId: randomUUID(), ...payload });
    expect(reply).toMatchObject({ ok: true });
    return (reply as unknown as { message: { id: string; seq: number } }).message;
  };
  const say = (text: string) => change('message:send', { kind: 'text', text });
  const page = async () => {
    const path = `/api/conversations/${id}/messages`;
    const reply = await callRest<{ messages: SeenMessage[]; headSeq: number; epoch: string }>(
      cluster.url,
      'GET',
      path,
      {
        token: bo.token,
      },
    );
    expect(reply.status).toBe(200);
    return reply.body;
  };

  const secret = await say('a secret');
  await boPeer.emit('read', { conversationId: id, seq: secret.seq });
  const { epoch } = await page();
  await leavesRedis(id);

  // History.
  expect(await page()).toMatchObject({ headSeq: secret.seq, epoch });
  await leavesRedis(id);
  // A send: the next seq, delivered to the others, and stored.
  const next = await say('after a while');
  expect(next.seq).toBe(secret.seq + 1);
  await eventually(() => expect(boPeer.seen.get(id)?.map(({ text }) => text)).toContain('after a while'));
  await eventually(() => expect(adaPeer.stored.get(id)).toBe(next.seq));
  await leavesRedis(id);
  // A deletion of an old message.
  const deletion = await change('message:delete', { messageId: secret.id });
  expect((await page()).messages.find((message) => message.id === secret.id)?.text).toBeUndefined();
  await leavesRedis(id);
  // Receipts.
  const receipts = await callRest(cluster.url, 'GET', `/api/conversations/${id}/receipts`, { token: ada.token });
  expect(receipts).toMatchObject({
    status: 200,
    body: { readers: expect.arrayContaining([expect.objectContaining({ userId: bo.id, readSeq: secret.seq })]) },
  });
  await boPeer.emit('read', { conversationId: id, seq: deletion.seq });
  await leavesRedis(id);
  // Hello.
  const hello = await boPeer.emit('session:hello', { timezone: 'UTC' });
  expect(hello).toMatchObject({
    ok: true,
    heads: expect.arrayContaining([
      { conversationId: id, headSeq: deletion.seq, storedSeq: deletion.seq, readSeq: deletion.seq, epoch },
    ]),
  });
  await leavesRedis(id);
  // A removal: the membership that a server has cached is not valid any more.
  await boPeer.emit('message:send', { conversationId: id, clientMessageId: randomUUID(), kind: 'text', text: 'bye' });
  const removal = await callRest(cluster.url, 'DELETE', `/api/conversations/${id}/members/${bo.id}`, {
    token: ada.token,
  });
  expect(removal.status).toBe(204);
  await leavesRedis(id);
  const refused = { conversationId: id, clientMessageId: randomUUID(), kind: 'text', text: 'still here?' };
  expect(await boPeer.emit('message:send', refused)).toMatchObject({ ok: false, code: 'FORBIDDEN' });
  adaPeer.close();
  boPeer.close();
});
