import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  type Reply,
  type TestUser,
} from '@parley/testing';
import { sharedCluster } from './shared-cluster.ts';

const cluster = await sharedCluster();
/** A signal that is not received within this time is sent again. */
const SIGNAL_MS = 4_000;

interface Page {
  messages: { id: string; seq: number; kind: string; text?: string; replyTo?: string }[];
}

interface Person {
  readonly user: TestUser;
  readonly peer: ChatPeer;
  readonly receipts: { userId: string; readSeq: number; deliveredSeq: number }[];
  readonly typing: string[][];
}

const open: ChatPeer[] = [];
afterEach(() => {
  for (const peer of open.splice(0)) peer.close();
});

async function enter(user: TestUser): Promise<Person> {
  const peer = await connectPeer(cluster.url, user.token);
  open.push(peer);
  const person: Person = { user, peer, receipts: [], typing: [] };
  peer.socket.on('receipts', ({ readers }) => person.receipts.push(...readers));
  peer.socket.on('typing', ({ userIds }) => person.typing.push(userIds));
  return person;
}

/** Creates a group of its creator and two members. The first two are connected to different servers. */
async function group(): Promise<{ id: string; people: [Person, Person, Person] }> {
  const users = (await newGuests(cluster.url, 3)) as [TestUser, TestUser, TestUser];
  const ada = await enter(users[0]);
  const bo = await eventually(async () => {
    const person = await enter(users[1]);
    if (person.peer.node !== ada.peer.node) return person;
    person.peer.close();
    throw new Error('on the same server');
  });
  const cy = await enter(users[2]);
  const memberIds = [users[1].id, users[2].id];
  const id = await newConversation(cluster.url, users[0], { kind: 'group', title: 'Tea', memberIds });
  return { id, people: [ada, bo, cy] };
}

const change = (person: Person, event: string, payload: Record<string, unknown>): Promise<Reply> =>
  person.peer.emit(event, { clientMessageId: randomUUID(), ...payload });

async function say(person: Person, conversationId: string, text: string, replyTo?: string): Promise<string> {
  const reply = await change(person, 'message:send', {
    conversationId,
    kind: 'text',
    text,
    ...(replyTo && { replyTo }),
  });
  expect(reply).toMatchObject({ ok: true });
  return (reply as unknown as { message: { id: string } }).message.id;
}

const seen = ({ peer }: Person, conversationId: string) =>
  peer.messages(conversationId).map(({ kind, text }) => (text === undefined ? kind : `${kind} ${text}`));

const pageOf = async ({ user }: Person, conversationId: string, query = '') =>
  (
    await callRest<Page>(cluster.url, 'GET', `/api/conversations/${conversationId}/messages${query}`, {
      token: user.token,
    })
  ).body.messages;

test('edits, reactions, replies and deletions are messages in the log, and only permitted users can send them', async () => {
  const { id: conversationId, people } = await group();
  const [ada, bo, cy] = people;
  const messageId = await say(bo, conversationId, 'Tee at five');
  await say(ada, conversationId, 'Gladly', messageId);

  const edit = { conversationId, messageId, text: 'Tea at five' };
  expect(await change(ada, 'message:edit', edit)).toMatchObject({ code: 'FORBIDDEN' });
  const first = await change(bo, 'message:edit', { ...edit, clientMessageId: 'the-edit' });
  // A try that got UNAVAILABLE may have been appended.
  const duplicate = bo.peer.repeats > 0 ? expect.any(Boolean) : false;
  expect(first).toMatchObject({ ok: true, duplicate, message: { seq: 3 } });
  expect(await change(bo, 'message:edit', { ...edit, clientMessageId: 'the-edit' })).toMatchObject({
    ok: true,
    duplicate: true,
    message: { seq: 3 },
  });
  expect(await change(cy, 'message:react', { conversationId, messageId, emoji: '🫖' })).toMatchObject({ ok: true });
  expect(await change(cy, 'message:react', { conversationId, messageId })).toMatchObject({ ok: true });
  expect(await change(cy, 'message:delete', { conversationId, messageId })).toMatchObject({ code: 'FORBIDDEN' });
  expect(await change(ada, 'message:delete', { conversationId, messageId })).toMatchObject({ ok: true });

  const expected = ['text Tee at five', 'text Gladly', 'edit Tea at five', 'reaction 🫖', 'reaction', 'delete'];
  for (const person of people) await eventually(() => expect(seen(person, conversationId)).toEqual(expected));
  const changes = (await pageOf(bo, conversationId, '?after=1')).map(({ seq, replyTo }) => [seq, replyTo]);
  expect(changes).toEqual([2, 3, 4, 5, 6].map((seq) => [seq, messageId]));
});

test('a deleted text is in no page, and a deleted message can only be deleted again', async () => {
  const { id: conversationId, people } = await group();
  const [ada, bo] = people;
  const messageId = await say(bo, conversationId, 'a secret');
  await say(bo, conversationId, 'nothing');
  expect(await change(bo, 'message:edit', { conversationId, messageId, text: 'another secret' })).toMatchObject({
    ok: true,
  });
  expect(await change(bo, 'message:delete', { conversationId, messageId })).toMatchObject({ ok: true });
  await eventually(() => expect(ada.peer.stored.get(conversationId)).toBe(4));
  for (const query of ['', '?before=4', '?after=0&limit=3', '?limit=200']) {
    const texts = (await pageOf(ada, conversationId, query))
      .filter(({ kind }) => kind !== 'delete')
      .map(({ text }) => text);
    expect({ query, texts }).toEqual({ query, texts: [undefined, 'nothing', undefined] });
  }
  const about = { conversationId, messageId };
  expect(await change(bo, 'message:edit', { ...about, text: 'again' })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await change(ada, 'message:react', { ...about, emoji: '👍' })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await change(bo, 'message:delete', about)).toMatchObject({ ok: true });
});

test('a retry that arrives after the deletion of its target is a duplicate', async () => {
  const { id: conversationId, people } = await group();
  const [ada, bo] = people;
  const messageId = await say(bo, conversationId, 'here');
  const about = { conversationId, messageId };
  const accepted = [
    ['message:edit', bo, { ...about, clientMessageId: randomUUID(), text: 'there' }],
    ['message:react', ada, { ...about, clientMessageId: randomUUID(), emoji: '👍' }],
    [
      'message:send',
      ada,
      { conversationId, clientMessageId: randomUUID(), kind: 'text', text: 'yes', replyTo: messageId },
    ],
  ] as const;
  for (const [event, person, payload] of accepted) {
    expect(await change(person, event, payload)).toMatchObject({ ok: true });
  }
  expect(await change(bo, 'message:delete', about)).toMatchObject({ ok: true });
  await eventually(() => expect(ada.peer.stored.get(conversationId)).toBe(5));
  const retries = await Promise.all(accepted.map(([event, person, payload]) => change(person, event, payload)));
  expect(retries).toMatchObject([2, 3, 4].map((seq) => ({ ok: true, duplicate: true, message: { seq } })));
  const [, person, edit] = accepted[0];
  expect(await change(person, 'message:edit', { ...edit, text: 'elsewhere' })).toMatchObject({ code: 'CONFLICT' });
});

test('changes by non-members, through another conversation or with an invalid emoji are refused', async () => {
  const { id: conversationId, people } = await group();
  const [ada, bo] = people;
  const messageId = await say(ada, conversationId, 'here');
  const elsewhere = await newConversation(cluster.url, ada.user, { kind: 'direct', memberIds: [bo.user.id] });
  expect(await change(ada, 'message:edit', { conversationId: elsewhere, messageId, text: 'there' })).toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(
    await change(ada, 'message:send', { conversationId: elsewhere, kind: 'text', text: 'x', replyTo: messageId }),
  ).toMatchObject({ code: 'NOT_FOUND' });
  const [stranger] = (await newGuests(cluster.url, 1)) as [TestUser];
  const dee = await enter(stranger);
  for (const event of ['message:edit', 'message:delete', 'message:react']) {
    expect(await change(dee, event, { conversationId, messageId, text: 'x', emoji: '👍' })).toMatchObject({
      code: 'FORBIDDEN',
    });
  }
  for (const emoji of ['x', '👍👍', '', '<b>', 5])
    expect(await change(ada, 'message:react', { conversationId, messageId, emoji })).toMatchObject({
      code: 'INVALID_PAYLOAD',
    });
  for (const event of ['typing', 'read', 'delivered'])
    expect(
      await dee.peer.emit(event, { conversationId, isTyping: true, seq: 1, cursors: [{ conversationId, seq: 1 }] }),
    ).toMatchObject({ code: 'FORBIDDEN' });
});

test('typing is shown to clients of every server, and ends when the user stops or disconnects', async () => {
  const { id: conversationId, people } = await group();
  const [ada, bo, cy] = people;
  // Signals are delivered at most once: a lost one is sent again.
  const signal = ({ peer }: Person, isTyping: boolean, check: () => void) =>
    eventually(async () => {
      expect(await peer.emit('typing', { conversationId, isTyping })).toEqual({ ok: true });
      await eventually(check, SIGNAL_MS);
    });
  await signal(ada, true, () => {
    for (const { typing } of [bo, cy]) expect(typing).toContainEqual([ada.user.id]);
  });
  await signal(ada, false, () => expect(bo.typing.at(-1)).toEqual([]));
  await signal(cy, true, () => expect(bo.typing).toContainEqual([cy.user.id]));
  cy.peer.close();
  await eventually(() => expect(bo.typing.at(-1)).toEqual([]));
});

test('receipts only move forward, up to the newest message, and can be requested later', async () => {
  const { id: conversationId, people } = await group();
  const [ada, bo, cy] = people;
  for (const text of ['one', 'two', 'three']) await say(ada, conversationId, text);
  expect(await bo.peer.emit('delivered', { cursors: [{ conversationId, seq: 3 }] })).toEqual({ ok: true });
  await eventually(() => expect(ada.receipts).toContainEqual({ userId: bo.user.id, readSeq: 0, deliveredSeq: 3 }));
  expect(await bo.peer.emit('read', { conversationId, seq: 2 })).toEqual({ ok: true });
  await eventually(() => expect(cy.receipts).toContainEqual({ userId: bo.user.id, readSeq: 2, deliveredSeq: 3 }));
  expect(await bo.peer.emit('read', { conversationId, seq: 1 })).toEqual({ ok: true });
  expect(await bo.peer.emit('read', { conversationId, seq: 999 })).toEqual({ ok: true });
  await eventually(() => expect(ada.receipts).toContainEqual({ userId: bo.user.id, readSeq: 3, deliveredSeq: 3 }));
  const path = `/api/conversations/${conversationId}/receipts`;
  const { body } = await callRest(cluster.url, 'GET', path, { token: cy.user.token });
  expect(body).toEqual({ readers: [{ userId: bo.user.id, readSeq: 3, deliveredSeq: 3 }] });
  const lobby = await callRest(cluster.url, 'GET', '/api/conversations/lobby/receipts', { token: cy.user.token });
  expect(lobby.body).toEqual({ readers: [] });
});
