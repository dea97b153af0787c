import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FanOutPublisher } from '@parley/fan-out';
import type { ConversationId } from '@parley/protocol';
import { connectRedis, type RedisConnection, silentLogger } from '@parley/service-kit';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  startTcpProxy,
  type TestUser,
} from '@parley/testing';
import { newChatServer, type TestChatServer } from './new-chat-server.ts';

const first = await newChatServer();
const proxy = await startTcpProxy('127.0.0.1', first.redis.port);
/** The server of the users whose memberships change. It reaches Redis through the proxy. */
const second = await newChatServer({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` }, first);
const servers = [first, second] as const;

const [ada, bo, cy, dee] = (await newGuests(first.url, 4)) as [TestUser, TestUser, TestUser, TestUser];

let connection: RedisConnection;
let publisher: FanOutPublisher;
/** Ada created each conversation. Cy is a member of each, on the server of Bo and Dee. */
let peers: Record<'ada' | 'bo' | 'cy' | 'dee', ChatPeer>;
beforeAll(async () => {
  connection = await connectRedis(first.redis.url, 'no-deadline', { logger: silentLogger(), connectionName: 'test' });
  publisher = new FanOutPublisher(connection);
  const connect = (user: TestUser, { url }: TestChatServer) =>
    connectPeer(url, user.token, { auth: { deviceId: user.id } });
  const [adaPeer, boPeer, cyPeer, deePeer] = await Promise.all([
    connect(ada, first),
    connect(bo, second),
    connect(cy, second),
    connect(dee, second),
  ]);
  peers = { ada: adaPeer, bo: boPeer, cy: cyPeer, dee: deePeer };
});
afterAll(() => {
  for (const peer of Object.values(peers)) peer.close();
  connection.disconnect();
});

const newGroup = (members: readonly TestUser[], kind: 'group' | 'channel' = 'group') =>
  newConversation(first.url, ada, { kind, title: 'Tea', memberIds: members.map(({ id }) => id) });

const remove = (id: string, who: TestUser, by: TestUser, { url } = first) =>
  callRest(url, 'DELETE', `/api/conversations/${id}/members/${who.id}`, { token: by.token });

const invite = (id: string, who: TestUser, by: TestUser, { url } = first) =>
  callRest(url, 'POST', `/api/conversations/${id}/members`, { token: by.token, body: { memberIds: [who.id] } });

/** Collects the ids of the conversations that `conversation` events tell a user about from now on. */
function conversationsSentTo({ socket }: ChatPeer): string[] {
  const ids: string[] = [];
  socket.on('conversation', ({ id }: { id: string }) => ids.push(id));
  return ids;
}

/** Returns whether the store has the user as a member. */
async function isMember(id: string, who: TestUser): Promise<boolean> {
  const { body } = await callRest<{ conversations: { id: string }[] }>(first.url, 'GET', '/api/conversations', {
    token: who.token,
  });
  return body.conversations.some((conversation) => conversation.id === id);
}

const textsSeen = (peer: ChatPeer, id: string) => (peer.seen.get(id) ?? []).map(({ text }) => text);

/** Publishes a message as a worker does. */
function publish(id: string): string {
  const text = randomUUID();
  const json = JSON.stringify({ id: text, seq: 1, senderId: 'u_test', kind: 'text', text });
  publisher.publish([{ kind: 'messages', conversationId: id as ConversationId, firstSeq: 1, lastSeq: 1, json }]);
  return text;
}

/** Returns whether a listener on the second server gets a message that is published now. */
async function receives(listener: ChatPeer, id: string): Promise<boolean> {
  const text = publish(id);
  await eventually(() => expect(textsSeen(peers.cy, id)).toContain(text));
  // The server writes a message to all clients in one turn, so the reply to a later request arrives after it.
  expect(await listener.emit('away', { isAway: false })).toEqual({ ok: true });
  return textsSeen(listener, id).includes(text);
}

const changeInStoreAlone = (sql: string, ...values: string[]) => {
  const database = new DatabaseSync(join(first.dataDir, 'history.sqlite'), { timeout: 30_000 });
  expect(database.prepare(sql).run(...values).changes).toBe(1);
  database.close();
};

const membersVersion = (id: string) => first.redis.client.hget(`parley:{p0}:conversation:${id}`, 'membersVersion');

const ROUNDS = 25;

/** The requests that race, each on a random server. */
const REQUESTS: Record<string, (id: string, server: TestChatServer) => Promise<unknown>> = {
  removes: (id, server) => remove(id, bo, ada, server),
  leaves: (id, server) => remove(id, bo, bo, server),
  invites: (id, server) => invite(id, bo, ada, server),
  renames: (id, server) =>
    callRest(server.url, 'PATCH', `/api/conversations/${id}`, { token: ada.token, body: { title: randomUUID() } }),
  joins: (id) => peers.bo.emit('conversation:join', { conversationId: id }),
  hello: () => peers.bo.emit('session:hello', { timezone: 'UTC' }),
  reconnects: async () => {
    peers.bo.close();
    peers.bo = await connectPeer(second.url, bo.token, { auth: { deviceId: bo.id } });
  },
};

test.each([
  ['group', ['removes', 'invites']],
  ['group', ['removes', 'invites', 'leaves']],
  ['group', ['invites', 'removes', 'invites', 'hello']],
  ['group', ['removes', 'renames', 'invites', 'reconnects']],
  ['channel', ['joins', 'removes']],
  ['channel', ['joins', 'leaves', 'removes', 'hello']],
] as const)(
  'in a %s in which at the same time somebody %j, a user receives messages exactly while a member',
  async (kind, requests) => {
    const wrong: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const id = await newGroup([cy, bo], kind);
      if (kind === 'channel' && round % 2 === 0) await remove(id, bo, ada);
      await Promise.all(
        requests.map(async (request) => {
          await pause(Math.random() * 4);
          await REQUESTS[request]?.(id, Math.random() < 0.5 ? first : second);
        }),
      );
      const [expected, received] = [await isMember(id, bo), await receives(peers.bo, id)];
      if (received !== expected)
        wrong.push(`${round}: ${expected ? 'a member receives nothing' : 'a non-member still receives'}`);
    }
    expect(wrong).toEqual([]);
  },
);

test('changes of members that a server missed while its connection to Redis was cut take effect before its next message', async () => {
  const announcedToDee = conversationsSentTo(peers.dee);
  const id = await newGroup([cy, bo]);
  expect(await receives(peers.bo, id)).toBe(true);
  proxy.cut();
  try {
    expect((await remove(id, bo, ada)).status).toBe(204);
    expect((await invite(id, dee, ada)).status).toBe(200);
  } finally {
    proxy.restore();
  }
  await eventually(() => {
    publish(id);
    expect(textsSeen(peers.cy, id).length).toBeGreaterThan(1);
  });
  await eventually(async () => expect(await receives(peers.dee, id)).toBe(true));
  await eventually(() => expect(announcedToDee).toContain(id));
  expect(await receives(peers.bo, id)).toBe(false);
  expect(textsSeen(peers.bo, id)).toHaveLength(1);
});

test('a change of members of which no server was notified is found and corrected', async () => {
  const id = await newGroup([cy, bo]);
  expect(await receives(peers.bo, id)).toBe(true);
  const announcedToDee = conversationsSentTo(peers.dee);
  const corrections = async () => (await second.metric('chat_room_corrections_total')).get('') ?? 0;
  const before = await corrections();
  changeInStoreAlone('DELETE FROM members WHERE conversationId = ? AND userId = ?', id, bo.id);
  changeInStoreAlone('INSERT INTO members (conversationId, userId) VALUES (?, ?)', id, dee.id);
  await eventually(async () => {
    expect(await receives(peers.bo, id)).toBe(false);
    expect(await receives(peers.dee, id)).toBe(true);
  });
  expect((await corrections()) - before).toBe(2);
  await eventually(() => expect(announcedToDee).toContain(id));
});

test('a removal that is repeated changes nothing: neither the version of the member list nor what members receive', async () => {
  const id = await newGroup([cy, bo]);
  for (const by of [ada, bo]) {
    expect((await invite(id, bo, ada)).status).toBe(200);
    expect((await remove(id, bo, by)).status).toBe(204);
    const version = await membersVersion(id);
    expect(version).toMatch(/^[^~]/);
    const events: unknown[] = [];
    const note = (event: unknown) => events.push(event);
    expect(await receives(peers.cy, id)).toBe(true);
    for (const peer of Object.values(peers)) peer.socket.on('conversation', note);
    const repeated = await Promise.all(
      Array.from({ length: 40 }, (_, index) => remove(id, bo, by, servers[index % 2])),
    );
    expect(repeated.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 204));
    for (const peer of [peers.ada, peers.bo]) await peer.emit('session:hello', { timezone: 'UTC' });
    expect(await receives(peers.cy, id)).toBe(true);
    for (const peer of Object.values(peers)) peer.socket.off('conversation', note);
    expect(events).toEqual([]);
    expect(await membersVersion(id)).toBe(version);
  }
});
