import { afterAll, expect, test } from '@jest/globals';
import {
  type ChatPeer,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  type Reply,
  type SeenMessage,
  type TestUser,
} from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const server = await newChatServer();
const [ada, bo, stranger] = (await newGuests(server.url, 3)) as [TestUser, TestUser, TestUser];
const group = await newConversation(server.url, ada, { kind: 'group', title: 'Plans', memberIds: [bo.id] });
const connect = ({ token }: TestUser) => connectPeer(server.url, token);
const [adaPeer, boPeer, strangerPeer] = await Promise.all([connect(ada), connect(bo), connect(stranger)]);
afterAll(() => {
  for (const peer of [adaPeer, boPeer, strangerPeer]) peer.close();
});

const sent = (reply: Reply) => (reply.ok ? (reply.message as SeenMessage) : undefined);
const packetOf = (peer: ChatPeer, event: string) =>
  new Promise<Record<string, unknown>>((resolve) => peer.socket.once(event, resolve));

test('session:hello replies with the session and the head of every conversation', async () => {
  const reply = await adaPeer.emit('session:hello', { timezone: 'Europe/Berlin' });
  expect(reply).toEqual({
    ok: true,
    session: {
      userId: ada.id,
      node: 'chat-server-1',
      startedAt: expect.any(String),
      expiresAt: expect.any(String),
      timezone: 'Europe/Berlin',
    },
    heads: ['lobby', group].map((conversationId) =>
      expect.objectContaining({ conversationId, storedSeq: 0, readSeq: 0, epoch: expect.any(String) }),
    ),
  });
});

test('message:send replies with a seq, and with the same message when it is repeated', async () => {
  const first = await adaPeer.send(group, 'send-1', 'hello');
  expect(first).toMatchObject({ ok: true, duplicate: false });
  const repeated = await adaPeer.send(group, 'send-1', 'hello');
  expect(repeated).toMatchObject({
    ok: true,
    duplicate: true,
    message: { id: sent(first)?.id, seq: sent(first)?.seq },
  });
  const next = await boPeer.send(group, 'send-1', 'hello from Bo');
  expect(sent(next)?.seq).toBe((sent(first)?.seq ?? 0) + 1);
});

test('message:send refuses the clientMessageId of another conversation, a stranger, and an unknown conversation', async () => {
  await adaPeer.send(group, 'send-2', 'here');
  expect(await adaPeer.send('lobby', 'send-2', 'there')).toMatchObject({ ok: false, code: 'CONFLICT' });
  expect(await strangerPeer.send(group, 'send-3', 'let me in')).toMatchObject({ ok: false, code: 'FORBIDDEN' });
  expect(await adaPeer.send('c_unknown', 'send-4', 'anybody?')).toMatchObject({ ok: false, code: 'NOT_FOUND' });
});

test('an event under a clientMessageId that was used for other content is refused and has no effect', async () => {
  const message = sent(await adaPeer.send(group, 'used-1', 'keep me'));
  const change = { conversationId: group, messageId: message?.id, clientMessageId: 'used-1' };
  const edit = { ...change, clientMessageId: 'used-2', text: 'edited' };
  const react = { ...change, clientMessageId: 'used-3', emoji: '👍' };
  for (const [event, payload] of [
    ['message:edit', edit],
    ['message:react', react],
  ] as const) {
    expect(await adaPeer.emit(event, payload)).toMatchObject({ ok: true, duplicate: false });
    expect(await adaPeer.emit(event, payload)).toMatchObject({ ok: true, duplicate: true });
  }
  const refused = [
    await adaPeer.emit('message:delete', change),
    await adaPeer.emit('message:edit', { ...change, text: 'changed' }),
    await adaPeer.emit('message:react', { ...change, emoji: '👎' }),
    await adaPeer.send(group, 'used-1', 'something else'),
    await adaPeer.emit('message:edit', { ...edit, text: 'edited again' }),
    await adaPeer.emit('message:react', { ...react, emoji: '👎' }),
    await adaPeer.emit('message:delete', { ...change, clientMessageId: 'used-2' }),
  ];
  expect(refused).toEqual(refused.map(() => expect.objectContaining({ ok: false, code: 'CONFLICT' })));
  const cursors = [{ conversationId: group, afterSeq: (message?.seq ?? 0) - 1 }];
  const since = await adaPeer.emit('messages:since', { cursors, limit: 200 });
  expect(since).toMatchObject({
    conversations: [{ messages: [{ text: 'keep me' }, { kind: 'edit', text: 'edited' }, { kind: 'reaction' }] }],
  });
});

test('changes of a message need a right to it', async () => {
  const message = sent(await boPeer.send(group, 'change-1', 'first'));
  const change = { conversationId: group, messageId: message?.id };
  expect(await adaPeer.emit('message:edit', { ...change, clientMessageId: 'e-1', text: 'mine' })).toMatchObject({
    code: 'FORBIDDEN',
  });
  expect(await boPeer.emit('message:edit', { ...change, clientMessageId: 'e-2', text: 'second' })).toMatchObject({
    ok: true,
  });
  expect(await adaPeer.emit('message:react', { ...change, clientMessageId: 'r-1', emoji: '👍' })).toMatchObject({
    ok: true,
  });
  // The creator of the group may delete messages of others.
  expect(await adaPeer.emit('message:delete', { ...change, clientMessageId: 'd-1' })).toMatchObject({ ok: true });
  expect(await adaPeer.emit('message:react', { ...change, clientMessageId: 'r-2', emoji: '👎' })).toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('messages:since returns pages without a gap and reports conversations that the user may not read', async () => {
  await adaPeer.send(group, 'since-1', 'newest');
  const reply = await adaPeer.emit('messages:since', { cursors: [{ conversationId: group, afterSeq: 0 }], limit: 200 });
  const [page] = (reply as unknown as { conversations: { messages: SeenMessage[]; headSeq: number }[] }).conversations;
  expect(page?.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: page?.headSeq ?? 0 }, (_, i) => i + 1));
  expect(page?.messages.at(-1)?.text).toBe('newest');

  const cursors = ['lobby', group].map((conversationId) => ({ conversationId, afterSeq: 0 }));
  expect(await strangerPeer.emit('messages:since', { cursors })).toMatchObject({
    ok: true,
    conversations: [{ conversationId: 'lobby' }],
    refused: [{ conversationId: group, code: 'FORBIDDEN' }],
  });
  expect(await strangerPeer.emit('messages:since', { cursors: cursors.slice(1) })).toMatchObject({
    ok: false,
    code: 'FORBIDDEN',
  });
});

test('conversation:join makes the user a member of a channel, not of a group', async () => {
  const channel = await newConversation(server.url, ada, { kind: 'channel', title: 'News' });
  expect(await boPeer.send(channel, 'join-1', 'too early')).toMatchObject({ code: 'FORBIDDEN' });
  expect(await boPeer.emit('conversation:join', { conversationId: channel })).toEqual({ ok: true, headSeq: 0 });
  expect(await boPeer.send(channel, 'join-2', 'joined')).toMatchObject({ ok: true });
  expect(await strangerPeer.emit('conversation:join', { conversationId: group })).toMatchObject({ code: 'FORBIDDEN' });
});

test('typing reaches the other members with the ids of the users who type', async () => {
  const packet = packetOf(boPeer, 'typing');
  expect(await adaPeer.emit('typing', { conversationId: group, isTyping: true })).toEqual({ ok: true });
  expect(await packet).toEqual({ conversationId: group, userIds: [ada.id] });
  expect(await strangerPeer.emit('typing', { conversationId: group, isTyping: true })).toMatchObject({
    code: 'FORBIDDEN',
  });
});

test('read moves the marker and the receipt to the head at most, and never back', async () => {
  const headSeq = sent(await boPeer.send(group, 'read-1', 'read me'))?.seq ?? 0;
  const packet = packetOf(boPeer, 'receipts');
  expect(await adaPeer.emit('read', { conversationId: group, seq: headSeq + 100 })).toEqual({ ok: true });
  expect(await packet).toEqual({
    conversationId: group,
    readers: [{ userId: ada.id, readSeq: headSeq, deliveredSeq: headSeq }],
  });
  expect(await adaPeer.emit('read', { conversationId: group, seq: 1 })).toEqual({ ok: true });
  const reply = await adaPeer.emit('session:hello', { timezone: 'UTC' });
  expect(reply).toMatchObject({
    heads: expect.arrayContaining([expect.objectContaining({ conversationId: group, readSeq: headSeq })]),
  });
});

test('delivered moves the receipts of several conversations', async () => {
  const headSeq = sent(await adaPeer.send(group, 'delivered-1', 'delivered'))?.seq ?? 0;
  const packet = packetOf(adaPeer, 'receipts');
  const cursors = [
    { conversationId: 'lobby', seq: 1 },
    { conversationId: group, seq: headSeq },
  ];
  expect(await boPeer.emit('delivered', { cursors })).toEqual({ ok: true });
  expect(await packet).toMatchObject({ conversationId: group, readers: [{ userId: bo.id, deliveredSeq: headSeq }] });
});

test('away is acknowledged, and refused with a wrong type', async () => {
  expect(await adaPeer.emit('away', { isAway: true })).toEqual({ ok: true });
  expect(await adaPeer.emit('away', { isAway: 'yes' })).toMatchObject({ ok: false, code: 'INVALID_PAYLOAD' });
});

test.each([
  ['an unknown event', 'message:unknown', {}, 'INVALID_PAYLOAD'],
  ['a name that every object has', 'toString', {}, 'INVALID_PAYLOAD'],
  ['no payload', 'message:send', undefined, 'INVALID_PAYLOAD'],
  ['a payload of a wrong type', 'message:send', 'text', 'INVALID_PAYLOAD'],
  ['a missing field', 'message:send', { conversationId: 'lobby', kind: 'text', text: 'x' }, 'INVALID_PAYLOAD'],
  ['a seq below zero', 'read', { conversationId: 'lobby', seq: -1 }, 'INVALID_PAYLOAD'],
  ['no cursors', 'messages:since', { cursors: [] }, 'INVALID_PAYLOAD'],
  ['a time zone that does not exist', 'session:hello', { timezone: 'Not/AZone' }, 'INVALID_PAYLOAD'],
  [
    'more than 64 KB',
    'typing',
    { conversationId: 'lobby', isTyping: true, more: 'x'.repeat(70_000) },
    'PAYLOAD_TOO_LARGE',
  ],
])('%s is refused with an ack, and the session stays', async (_name, event, payload, code) => {
  expect(await adaPeer.emit(event, payload)).toMatchObject({ ok: false, code, message: expect.any(String) });
  expect(await adaPeer.emit('read', { conversationId: 'lobby', seq: 1 })).toEqual({ ok: true });
});

test('a client that does not wait for acks gets all of them; one that leaves in between frees its slot', async () => {
  const [hasty, leaving] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
  const flood = (peer: ChatPeer) =>
    Array.from({ length: 1_000 }, () => peer.emitOnce('read', { conversationId: 'lobby', seq: 1 }));
  const expectAck = (reply: Reply) => {
    if (reply.ok) expect(reply).toEqual({ ok: true });
    else expect(reply).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  };
  const hastyPeer = await connect(hasty);
  for (const reply of await Promise.all(flood(hastyPeer))) expectAck(reply);
  hastyPeer.close();

  const leavingPeer = await connect(leaving);
  expectAck(await Promise.race(flood(leavingPeer)));
  leavingPeer.close();
  const again = await eventually(() => connect(leaving));
  expect(await again.emit('read', { conversationId: 'lobby', seq: 1 })).toEqual({ ok: true });
  again.close();
});
