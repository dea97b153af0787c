import { expect, test } from '@jest/globals';
import {
  askToConnect,
  ChatPeer,
  connectPeer,
  eventually,
  newAccount,
  newGuest,
  newGuests,
  type SeenMessage,
  type TestUser,
} from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

/** A third of it passes between two renewals. */
const SESSION_TTL_MS = 15_000;
const IDLE_TIMEOUT_MS = 4_000;
const full = await newChatServer({ MAX_CLIENTS: 3, IDLE_TIMEOUT_MS, SESSION_TTL_MS });
const reserved = await newChatServer({ MAX_CLIENTS: 3, RESERVED_FOR_ACCOUNTS: 1 });
const roomy = await newChatServer({ SESSION_TTL_MS: 5_000 });

const refusalOf = async ({ token }: TestUser, { url } = full) =>
  (await askToConnect(() => new ChatPeer(url, token))).refusal;

test('an idle guest is warned and makes room for a waiting user; active sessions and idle accounts stay', async () => {
  const [active, idle] = (await newGuests(full.url, 2)) as [TestUser, TestUser];
  const [idleAccount, waiting] = [await newAccount(full.url, 'idle-account'), await newAccount(full.url, 'waiting')];
  const accountPeer = await connectPeer(full.url, idleAccount.token);
  const activePeer = await connectPeer(full.url, active.token);
  const idlePeer = await connectPeer(full.url, idle.token);
  const startedAtMs = Date.now();
  for (const peer of [accountPeer, idlePeer]) await peer.emit('session:hello', { timezone: 'UTC' });
  const beAdmitted = async () => {
    expect(await activePeer.emit('typing', { conversationId: 'lobby', isTyping: true })).toEqual({ ok: true });
    expect(await refusalOf(waiting)).toBeUndefined();
  };
  await eventually(beAdmitted, 120_000, 100);
  await eventually(() => expect(idlePeer.disconnectedBy).toBe('io server disconnect'));
  expect(idlePeer.sessionEnds).toEqual([{ event: 'session:expired', code: 'IDLE' }]);
  expect(idlePeer.idleWarnings).toEqual([expect.any(String)]);
  expect(Date.parse(idlePeer.idleWarnings[0] ?? '')).toBeGreaterThanOrEqual(startedAtMs + IDLE_TIMEOUT_MS - 50);
  for (const peer of [activePeer, accountPeer]) {
    expect(peer.socket.connected).toBe(true);
    expect(peer.sessionEnds).toEqual([]);
    peer.close();
  }
  expect((await full.metric('chat_sessions_ended_total')).get('reason="idle"')).toBe(1);
});

test('an accepted message, typing and a read that moves are activity, other events are not', async () => {
  const activeAt = async ({ id }: TestUser) =>
    Number(await roomy.redis.client.zscore('parley:{sessions}:active:guests', id));
  const renewals = async ({ id }: TestUser) => Number(await roomy.redis.client.zscore('parley:{sessions}:live', id));
  const author = await newGuest(roomy.url, 'Author');
  const authorPeer = await connectPeer(roomy.url, author.token);
  const reply = await authorPeer.send('lobby', 'first', 'First');
  const { id: messageId } = (reply as unknown as { message: SeenMessage }).message;
  const change = { conversationId: 'lobby', messageId };

  type Case = readonly [name: string, isActivity: boolean, emit: (peer: ChatPeer) => Promise<unknown>];
  const cases: readonly Case[] = [
    ['message:send', true, (peer) => peer.send('lobby', 'one', 'One')],
    ['message:react', true, (peer) => peer.emit('message:react', { ...change, clientMessageId: 'r', emoji: '👍' })],
    ['typing', true, (peer) => peer.emit('typing', { conversationId: 'lobby', isTyping: true })],
    ['read', true, (peer) => peer.emit('read', { conversationId: 'lobby', seq: 1 })],
    [
      'a refused send',
      false,
      (peer) => peer.emit('message:send', { conversationId: 'c_none', clientMessageId: 'x', kind: 'text', text: 'x' }),
    ],
    ['a refused edit', false, (peer) => peer.emit('message:edit', { ...change, clientMessageId: 'e', text: 'Mine' })],
    ['typing elsewhere', false, (peer) => peer.emit('typing', { conversationId: 'c_none', isTyping: true })],
    ['session:hello', false, (peer) => peer.emit('session:hello', { timezone: 'UTC' })],
    [
      'messages:since',
      false,
      (peer) => peer.emit('messages:since', { cursors: [{ conversationId: 'lobby', afterSeq: 0 }], limit: 1 }),
    ],
    ['away', false, (peer) => peer.emit('away', { isAway: false })],
    ['delivered', false, (peer) => peer.emit('delivered', { cursors: [{ conversationId: 'lobby', seq: 1 }] })],
  ];
  const guests = await newGuests(roomy.url, cases.length);
  const peers = await Promise.all(guests.map(({ token }) => connectPeer(roomy.url, token)));
  const connectedAt = await Promise.all(guests.map(activeAt));
  await Promise.all(cases.map(([, , emit], index) => emit(peers[index] as ChatPeer)));
  /** Waits for a renewal that was sent after now: the second one from now. */
  const reported = async () => {
    for (let count = 0; count < 2; count += 1) {
      const before = await renewals(author);
      await eventually(async () => expect(await renewals(author)).toBeGreaterThan(before));
    }
  };
  await reported();
  const afterFirst = await Promise.all(guests.map(activeAt));
  const moved = cases.map(([name], index) => [name, (afterFirst[index] ?? 0) > (connectedAt[index] ?? 0)]);
  expect(moved).toEqual(cases.map(([name, isActivity]) => [name, isActivity]));

  // The same message and the same position again are none.
  await peers[0]?.send('lobby', 'one', 'One');
  await peers[3]?.emit('read', { conversationId: 'lobby', seq: 1 });
  await reported();
  const afterRepeat = await Promise.all(guests.map(activeAt));
  expect([afterRepeat[0], afterRepeat[3]]).toEqual([afterFirst[0], afterFirst[3]]);
  for (const peer of [authorPeer, ...peers]) peer.close();
});

test('guests get a position when only reserved slots are free, and a registered user gets in', async () => {
  const [first, second, third] = (await newGuests(reserved.url, 3)) as [TestUser, TestUser, TestUser];
  const peers = [await connectPeer(reserved.url, first.token), await connectPeer(reserved.url, second.token)];
  expect(await refusalOf(third, reserved)).toMatchObject({
    code: 'SERVER_FULL',
    position: 1,
    waitTicket: expect.any(String),
    retryAfterMs: expect.any(Number),
  });
  const account = await newAccount(reserved.url, 'registered');
  peers.push(await connectPeer(reserved.url, account.token));
  for (const peer of peers) peer.close();
});
