import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  removeMember,
  type TestUser,
} from '@parley/testing';
import { sharedCluster } from './shared-cluster.ts';

const cluster = await sharedCluster();

/** Connects three users. The first two are connected to different servers. */
async function threeUsers(): Promise<{
  users: [TestUser, TestUser, TestUser];
  peers: [ChatPeer, ChatPeer, ChatPeer];
}> {
  const users = (await newGuests(cluster.url, 3)) as [TestUser, TestUser, TestUser];
  const first = await connectPeer(cluster.url, users[0].token);
  const second = await eventually(async () => {
    const peer = await connectPeer(cluster.url, users[1].token);
    if (peer.node !== first.node) return peer;
    peer.close();
    throw new Error('on the same server');
  });
  return { users, peers: [first, second, await connectPeer(cluster.url, users[2].token)] };
}

/**
 * Resolves when the listener has received everything that was sent before: it has received a later message of the lobby, and then
 * an answer, which its server sends after all packets of the same batch.
 */
async function receivedAllOf(sender: ChatPeer, listener: ChatPeer): Promise<void> {
  const text = `the last word ${randomUUID()}`;
  expect(await sender.send('lobby', randomUUID(), text)).toMatchObject({ ok: true });
  await eventually(() => expect(listener.seen.get('lobby')?.map((message) => message.text)).toContain(text));
  expect(await hello(listener)).toMatchObject({ ok: true });
}

const textsOf = (peer: ChatPeer, conversationId: string) =>
  peer
    .messages(conversationId)
    .filter(({ kind }) => kind === 'text')
    .map(({ text }) => text);

const hello = (peer: ChatPeer) => peer.emit('session:hello', { timezone: 'UTC' });

test('a pair of users has one direct conversation, even if both create it many times at once', async () => {
  const { users, peers } = await threeUsers();
  const [ada, bo] = users;
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      newConversation(cluster.url, index % 2 ? ada : bo, { kind: 'direct', memberIds: [index % 2 ? bo.id : ada.id] }),
    ),
  );
  expect(new Set(ids).size).toBe(1);
  const conversationId = ids[0] as string;
  expect(await peers[0].send(conversationId, 'd-1', 'hi Bo')).toMatchObject({ ok: true, message: { seq: 1 } });
  await eventually(() => expect(peers[1].seen.get(conversationId)?.[0]?.text).toBe('hi Bo'));
  await receivedAllOf(peers[0], peers[2]);
  expect(peers[2].seen.get(conversationId)).toBeUndefined();
  expect(await peers[2].send(conversationId, 'd-2', 'let me in')).toMatchObject({ code: 'FORBIDDEN' });
  const since = { cursors: [{ conversationId, afterSeq: 0 }], limit: 10 };
  expect(await peers[2].emit('messages:since', since)).toMatchObject({ code: 'FORBIDDEN' });
  const both = { cursors: [...since.cursors, { conversationId: 'lobby', afterSeq: 0 }] };
  expect(await peers[2].emit('messages:since', both)).toMatchObject({
    ok: true,
    conversations: [{ conversationId: 'lobby' }],
    refused: [{ conversationId, code: 'FORBIDDEN', retryable: false }],
  });
  const path = `/api/conversations/${conversationId}/messages`;
  expect((await callRest(cluster.url, 'GET', path, { token: users[2].token })).status).toBe(403);
  for (const peer of peers) peer.close();
});

test('a user who is added on one server is notified on another, and receives and sends messages at once', async () => {
  const { users, peers } = await threeUsers();
  const notified: { id: string }[] = [];
  peers[1].socket.on('conversation', (conversation) => notified.push(conversation));
  const group = await newConversation(cluster.url, users[0], { kind: 'group', title: 'Plans' });
  const path = `/api/conversations/${group}/members`;
  const reply = await callRest(cluster.url, 'POST', path, {
    token: users[0].token,
    body: { memberIds: [users[1].id] },
  });
  expect(reply.status).toBe(200);
  expect(await peers[1].send(group, 'g-1', 'thanks')).toMatchObject({ ok: true });
  await eventually(() => expect(notified.at(-1)).toMatchObject({ id: group, title: 'Plans', kind: 'group' }));
  // A try that got UNAVAILABLE may have sent a notification too.
  if (reply.tries === 1) expect(notified).toHaveLength(1);
  for (const peer of [peers[0], peers[1]]) await eventually(() => expect(textsOf(peer, group)).toEqual(['thanks']));
  for (const peer of peers) peer.close();
});

test('a user who is removed on one server can no longer send, read or receive on another', async () => {
  const { users, peers } = await threeUsers();
  const group = await newConversation(cluster.url, users[0], {
    kind: 'group',
    title: 'Secrets',
    memberIds: [users[1].id],
  });
  expect(await peers[1].send(group, 'r-1', 'still here')).toMatchObject({ ok: true });
  await eventually(() => expect(peers[1].seqs(group)).toEqual([1]));
  expect(await peers[1].emit('messages:since', { cursors: [{ conversationId: group, afterSeq: 0 }] })).toMatchObject({
    ok: true,
  });

  const path = `/api/conversations/${group}/members/${users[1].id}`;
  expect((await callRest(cluster.url, 'DELETE', path, { token: users[2].token })).status).toBe(403);
  await removeMember(cluster.url, users[0], group, users[1].id);

  expect(await peers[1].send(group, 'r-2', 'and now?')).toMatchObject({ code: 'FORBIDDEN' });
  expect(await peers[1].emit('messages:since', { cursors: [{ conversationId: group, afterSeq: 0 }] })).toMatchObject({
    code: 'FORBIDDEN',
  });
  expect(await peers[0].send(group, 'r-3', 'among ourselves')).toMatchObject({ ok: true });
  await eventually(() => expect(textsOf(peers[0], group)).toEqual(['still here', 'among ourselves']));
  await receivedAllOf(peers[0], peers[1]);
  expect(peers[1].seqs(group)).toEqual([1]);
  for (const peer of peers) peer.close();
});

test('any user can join a channel, and can send only after joining', async () => {
  const { users, peers } = await threeUsers();
  const channel = await newConversation(cluster.url, users[0], { kind: 'channel', title: 'News' });
  expect(await peers[1].send(channel, 'c-1', 'hi')).toMatchObject({ code: 'FORBIDDEN' });
  expect(await peers[1].emit('conversation:join', { conversationId: channel })).toEqual({ ok: true, headSeq: 0 });
  expect(await peers[1].send(channel, 'c-2', 'hi')).toMatchObject({ ok: true, message: { seq: 1 } });
  await eventually(() => expect(peers[0].seqs(channel)).toEqual([1]));
  expect(await peers[2].emit('conversation:join', { conversationId: 'nowhere' })).toMatchObject({ code: 'NOT_FOUND' });
  for (const peer of peers) peer.close();
});

test('the answer to session:hello has the lobby and all conversations of the user, with heads and read markers', async () => {
  const { users, peers } = await threeUsers();
  const group = await newConversation(cluster.url, users[0], { kind: 'group', title: 'Heads' });
  await peers[0].send(group, 'h-1', 'one');
  await peers[0].send(group, 'h-2', 'two');
  expect(await peers[0].emit('read', { conversationId: group, seq: 1 })).toEqual({ ok: true });
  expect(await peers[0].emit('read', { conversationId: group, seq: 99 })).toEqual({ ok: true });
  const reply = (await hello(peers[0])) as unknown as { heads: object[]; session: object };
  expect(reply.heads).toContainEqual({
    conversationId: group,
    headSeq: 2,
    storedSeq: expect.any(Number),
    readSeq: 2,
    epoch: expect.any(String),
  });
  expect(reply.heads).toContainEqual(expect.objectContaining({ conversationId: 'lobby' }));
  expect(reply.session).toMatchObject({ userId: users[0].id, node: peers[0].node, timezone: 'UTC' });
  for (const peer of peers) peer.close();
});
