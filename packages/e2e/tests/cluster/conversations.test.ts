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

/** Three users with a connection each, the first two on different servers. */
async function threePeople(): Promise<{
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
 * Resolves when a peer has heard all that was sent before: it has seen a message of the lobby that was sent last, and had an
 * answer after all that its server handed out together with that one.
 */
async function heardAllOf(sender: ChatPeer, listener: ChatPeer): Promise<void> {
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

test('a direct conversation is one for a pair, whoever asks first and however many ask at once', async () => {
  const { users, peers } = await threePeople();
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
  await heardAllOf(peers[0], peers[2]);
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

test('who is added on one server is told on another, hears and may write at once', async () => {
  const { users, peers } = await threePeople();
  const told: { id: string }[] = [];
  peers[1].socket.on('conversation', (conversation) => told.push(conversation));
  const group = await newConversation(cluster.url, users[0], { kind: 'group', title: 'Plans' });
  const path = `/api/conversations/${group}/members`;
  const reply = await callRest(cluster.url, 'POST', path, {
    token: users[0].token,
    body: { memberIds: [users[1].id] },
  });
  expect(reply.status).toBe(200);
  expect(await peers[1].send(group, 'g-1', 'thanks')).toMatchObject({ ok: true });
  await eventually(() => expect(told.at(-1)).toMatchObject({ id: group, title: 'Plans', kind: 'group' }));
  // A try that was refused for a while may have told it, too.
  if (reply.tries === 1) expect(told).toHaveLength(1);
  for (const peer of [peers[0], peers[1]]) await eventually(() => expect(textsOf(peer, group)).toEqual(['thanks']));
  for (const peer of peers) peer.close();
});

test('who is removed on one server can neither write nor read nor hear on another from then on', async () => {
  const { users, peers } = await threePeople();
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
  await heardAllOf(peers[0], peers[1]);
  expect(peers[1].seqs(group)).toEqual([1]);
  for (const peer of peers) peer.close();
});

test('anyone may join a channel; before that it is closed to them', async () => {
  const { users, peers } = await threePeople();
  const channel = await newConversation(cluster.url, users[0], { kind: 'channel', title: 'News' });
  expect(await peers[1].send(channel, 'c-1', 'hi')).toMatchObject({ code: 'FORBIDDEN' });
  expect(await peers[1].emit('conversation:join', { conversationId: channel })).toEqual({ ok: true, headSeq: 0 });
  expect(await peers[1].send(channel, 'c-2', 'hi')).toMatchObject({ ok: true, message: { seq: 1 } });
  await eventually(() => expect(peers[0].seqs(channel)).toEqual([1]));
  expect(await peers[2].emit('conversation:join', { conversationId: 'nowhere' })).toMatchObject({ code: 'NOT_FOUND' });
  for (const peer of peers) peer.close();
});

test('the lobby and all conversations of a user are there on hello, with heads and read markers', async () => {
  const { users, peers } = await threePeople();
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
