import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  callRestOnce,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const cluster = await newCluster({ NODES: 2 });

interface Person {
  readonly user: TestUser;
  readonly peer: ChatPeer;
  /** The received events about others. */
  readonly received: { event: string; payload: unknown }[];
}

const open: ChatPeer[] = [];
afterEach(() => {
  for (const peer of open.splice(0)) peer.close();
});

async function enter(user: TestUser, url = cluster.url): Promise<Person> {
  const peer = await connectPeer(url, user.token);
  open.push(peer);
  const person: Person = { user, peer, received: [] };
  for (const event of ['typing', 'receipts', 'conversation']) {
    peer.socket.on(event, (payload) => person.received.push({ event, payload }));
  }
  return person;
}

const SERVERS = ['chat-server-1', 'chat-server-2'];

/** Returns the direct address of one server. nginx would choose any server. */
const urlOf = (name: string) => `http://127.0.0.1:${cluster.processes().find((each) => each.name === name)?.port}`;

/** Creates a group of Ada, its creator, and Bo, a member. Every server has both in its membership cache. */
async function group(url = cluster.url): Promise<{ id: string; ada: Person; bo: Person; stranger: TestUser }> {
  const [first, second, stranger] = (await newGuests(cluster.url, 3)) as [TestUser, TestUser, TestUser];
  const id = await newConversation(cluster.url, first, { kind: 'group', title: 'Tea', memberIds: [second.id] });
  const ada = await enter(first, url);
  const bo = await enter(second, url);
  expect(await bo.peer.send(id, randomUUID(), 'still here')).toMatchObject({ ok: true });
  for (const server of SERVERS) {
    for (const user of [first, second]) expect((await read(user, id, server)).status).toBe(200);
  }
  return { id, ada, bo, stranger };
}

const read = ({ token }: TestUser, id: string, server: string) =>
  callRest(urlOf(server), 'GET', `/api/conversations/${id}/messages`, { token });

const remove = (id: string, who: TestUser, by: TestUser, call = callRest) =>
  call(cluster.url, 'DELETE', `/api/conversations/${id}/members/${who.id}`, { token: by.token });

const invite = (id: string, who: TestUser, by: TestUser, url = cluster.url) =>
  callRest(url, 'POST', `/api/conversations/${id}/members`, { token: by.token, body: { memberIds: [who.id] } });

function withStore<T>(use: (database: DatabaseSync) => T): T {
  const dataDir = dirname(dirname(cluster.logFiles()[0] ?? ''));
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { timeout: 30_000 });
  try {
    return use(database);
  } finally {
    database.close();
  }
}

const membersInStore = (id: string) =>
  withStore((database) => database.prepare('SELECT userId FROM members WHERE conversationId = ?').all(id)).map(
    ({ userId }) => userId,
  );

const pidOf = (name: string) => cluster.processes().find((each) => each.name === name)?.pid;

/** Lets the first server remove a member, and kills it after its change of the store, before it can tell anybody. */
async function interruptRemoval(id: string, who: TestUser, by: TestUser): Promise<void> {
  const releaseStore = cluster.lockStore();
  const pid = pidOf('chat-server-1');
  const path = `/api/conversations/${id}/members/${who.id}`;
  const interrupted = callRestOnce(urlOf('chat-server-1'), 'DELETE', path, { token: by.token }).catch(() => undefined);
  try {
    await eventually(async () => expect(await cluster.redis.exists(`parley:{p0}:removals:${id}`)).toBe(1));
    // Redis holds back the notice of the server, and drops it with the server's connection.
    await cluster.redis.call('CLIENT', 'PAUSE', 30_000, 'WRITE');
  } finally {
    releaseStore();
  }
  await eventually(() => expect(membersInStore(id)).not.toContain(who.id));
  cluster.kill('chat-server-1', 'SIGKILL');
  await interrupted;
  await eventually(() => expect(pidOf('chat-server-1')).not.toBe(pid));
  await cluster.redis.call('CLIENT', 'UNPAUSE');
  await eventually(async () => {
    const { status } = await callRestOnce(urlOf('chat-server-1'), 'GET', '/api/me', { token: by.token });
    expect(status).toBe(200);
  });
}

/** Resolves when the listener has received everything that was sent before: it has received a later message of the lobby. */
async function receivedAllOf(sender: Person, listener: Person): Promise<void> {
  const text = `the last word ${randomUUID()}`;
  expect(await sender.peer.send('lobby', randomUUID(), text)).toMatchObject({ ok: true });
  await eventually(() => expect(listener.peer.seen.get('lobby')?.map((message) => message.text)).toContain(text));
  expect(await listener.peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
}

const textsSeen = ({ peer }: Person, id: string) => (peer.seen.get(id) ?? []).map(({ text }) => text);

test.each(['was removed', 'has left'] as const)(
  'a user who %s can do nothing in the conversation, on any server',
  async (how) => {
    const { id, ada, bo, stranger } = await group();
    expect((await remove(id, bo.user, how === 'was removed' ? ada.user : bo.user)).status).toBe(204);
    const sent = await ada.peer.send(id, randomUUID(), 'among ourselves');
    if (!sent.ok) throw new Error(sent.code);
    const { id: messageId, seq } = sent.message as { id: string; seq: number };

    const { token } = bo.user;
    for (const server of SERVERS) {
      const url = urlOf(server);
      const path = `/api/conversations/${id}`;
      const replies = {
        invitesHimself: await invite(id, bo.user, bo.user, url),
        invites: await invite(id, stranger, bo.user, url),
        renames: await callRest(url, 'PATCH', path, { token, body: { title: 'Mine' } }),
        readsReceipts: await callRest(url, 'GET', `${path}/receipts`, { token }),
        readsTrace: await callRest(url, 'GET', `/api/messages/${messageId}/trace`, { token }),
        reads: await read(bo.user, id, server),
      };
      const statuses = Object.entries(replies).map(([what, { status }]) => [what, status]);
      expect({ server, statuses }).toEqual({ server, statuses: Object.keys(replies).map((what) => [what, 403]) });
    }
    for (const [event, payload] of [
      ['typing', { conversationId: id, isTyping: true }],
      ['read', { conversationId: id, seq }],
      ['delivered', { cursors: [{ conversationId: id, seq }] }],
      ['message:react', { conversationId: id, messageId, emoji: '👍', clientMessageId: randomUUID() }],
      ['message:delete', { conversationId: id, messageId, clientMessageId: randomUUID() }],
    ] as const) {
      const { code } = (await bo.peer.emit(event, payload)) as { code?: string };
      expect({ event, code }).toEqual({ event, code: 'FORBIDDEN' });
    }
    const path = `/api/conversations/${id}/receipts`;
    const receipts = await callRest<{ readers: { userId: string }[] }>(cluster.url, 'GET', path, {
      token: ada.user.token,
    });
    expect(receipts.body.readers.map(({ userId }) => userId)).not.toContain(bo.user.id);
    await receivedAllOf(bo, ada);
    const ofBo = ada.received.filter(
      ({ event, payload }) => event !== 'conversation' && JSON.stringify(payload).includes(bo.user.id),
    );
    expect(ofBo).toEqual([]);
  },
);

test('a removal that was interrupted after the write to the store is completed by the next attempt, with one system message', async () => {
  const { id, ada, bo } = await group(urlOf('chat-server-2'));
  await interruptRemoval(id, bo.user, ada.user);
  for (const attempt of [1, 2]) {
    expect({ attempt, status: (await remove(id, bo.user, ada.user)).status }).toEqual({ attempt, status: 204 });
  }
  expect(await bo.peer.send(id, randomUUID(), 'and now?')).toMatchObject({ code: 'FORBIDDEN' });
  for (const server of SERVERS) expect((await read(bo.user, id, server)).status).toBe(403);
  expect(await ada.peer.send(id, randomUUID(), 'among ourselves')).toMatchObject({ ok: true });
  await receivedAllOf(ada, bo);
  expect(textsSeen(bo, id)).not.toContain('among ourselves');
  expect(bo.received).toContainEqual({ event: 'conversation', payload: expect.objectContaining({ id, members: [] }) });
  await eventually(() => expect(textsSeen(ada, id)).toEqual(['still here', 'among ourselves']));
});

test('a departure that was interrupted after the write to the store is completed by the next attempt', async () => {
  const { id, ada, bo } = await group(urlOf('chat-server-2'));
  await interruptRemoval(id, bo.user, bo.user);
  expect((await remove(id, bo.user, bo.user)).status).toBe(204);
  expect(await bo.peer.send(id, randomUUID(), 'and now?')).toMatchObject({ code: 'FORBIDDEN' });
  expect(await ada.peer.send(id, randomUUID(), 'among ourselves')).toMatchObject({ ok: true });
  await receivedAllOf(ada, bo);
  expect(textsSeen(bo, id)).not.toContain('among ourselves');
});

test('an interrupted removal that nobody repeats is effective at once for requests, and after some seconds for live messages', async () => {
  const { id, ada, bo } = await group(urlOf('chat-server-2'));
  await interruptRemoval(id, bo.user, ada.user);
  expect(await bo.peer.send(id, randomUUID(), 'and now?')).toMatchObject({ code: 'FORBIDDEN' });
  for (const server of SERVERS) expect((await read(bo.user, id, server)).status).toBe(403);
  await eventually(async () => {
    const text = randomUUID();
    expect(await ada.peer.send(id, randomUUID(), text)).toMatchObject({ ok: true });
    await receivedAllOf(ada, bo);
    expect(textsSeen(bo, id)).not.toContain(text);
  }, 30_000);
});

test('a user whose removal Redis has lost is not let in again', async () => {
  const { id, ada, bo } = await group();
  // From here on Redis keeps nothing. After its restart it has the data of this moment.
  await cluster.redis.config('SET', 'appendonly', 'no');
  const pid = pidOf('redis');
  expect((await remove(id, bo.user, ada.user)).status).toBe(204);
  cluster.kill('redis', 'SIGKILL');
  await eventually(() => expect(pidOf('redis')).not.toBe(pid));
  for (const server of SERVERS) {
    await eventually(async () => expect((await read(ada.user, id, server)).status).toBe(200));
    expect((await read(bo.user, id, server)).status).toBe(403);
  }
  expect(await bo.peer.send(id, randomUUID(), 'and now?')).toMatchObject({ code: 'FORBIDDEN' });
});

test('a non-member who leaves notifies nobody, and cannot remove others', async () => {
  const { id, ada, stranger } = await group();
  const dee = await enter(stranger);
  expect((await remove(id, stranger, stranger)).status).toBe(204);
  expect((await remove(id, ada.user, stranger)).status).toBe(403);
  expect((await remove(id, { ...stranger, id: 'nobody' }, ada.user)).status).toBe(404);
  await receivedAllOf(ada, dee);
  await receivedAllOf(dee, ada);
  const received = [...dee.received, ...ada.received].filter(({ event }) => event === 'conversation');
  expect(received).toEqual([]);
});

test('an invitation that was interrupted after the write to the store is completed by the next attempt', async () => {
  const { id, ada, stranger } = await group();
  const dee = await enter(stranger);
  withStore((database) =>
    database.prepare('INSERT INTO members (conversationId, userId) VALUES (?, ?)').run(id, stranger.id),
  );
  expect((await invite(id, stranger, ada.user)).status).toBe(200);
  expect(await ada.peer.send(id, randomUUID(), 'welcome')).toMatchObject({ ok: true });
  await eventually(() => expect(textsSeen(dee, id)).toEqual(['welcome']));
  expect(dee.received).toContainEqual({
    event: 'conversation',
    payload: expect.objectContaining({ id, title: 'Tea' }),
  });
});

test('a removal while Redis is frozen is refused, and its retry takes effect', async () => {
  const { id, ada, bo } = await group();
  cluster.kill('redis', 'SIGSTOP');
  try {
    expect(await remove(id, bo.user, ada.user, callRestOnce)).toMatchObject({ status: 503, body: { retryable: true } });
  } finally {
    cluster.kill('redis', 'SIGCONT');
  }
  expect((await remove(id, bo.user, ada.user)).status).toBe(204);
  expect(await ada.peer.send(id, randomUUID(), 'among ourselves')).toMatchObject({ ok: true });
  await receivedAllOf(ada, bo);
  expect(textsSeen(bo, id)).not.toContain('among ourselves');
  expect(await bo.peer.send(id, randomUUID(), 'and now?')).toMatchObject({ code: 'FORBIDDEN' });
  const lines = textsSeen(ada, id).filter((text) => text?.startsWith('removed '));
  expect(lines.length).toBeLessThanOrEqual(1);
});

test('a group that is created while Redis is frozen exists once, and its members are notified when Redis answers again', async () => {
  const [ada, bo] = (await newGuests(cluster.url, 2)) as [TestUser, TestUser];
  const member = await enter(bo);
  const title = `Tea ${randomUUID()}`;
  const create = () =>
    callRestOnce(cluster.url, 'POST', '/api/conversations', {
      token: ada.token,
      body: { kind: 'group', title, memberIds: [bo.id] },
    });
  cluster.kill('redis', 'SIGSTOP');
  let created: Awaited<ReturnType<typeof create>>;
  try {
    created = await create();
  } finally {
    cluster.kill('redis', 'SIGCONT');
  }
  // Clients retry a refused call.
  if (created.status === 503)
    created = await eventually(async () => {
      const repeated = await create();
      expect(repeated.status).toBe(201);
      return repeated;
    });
  expect(created).toMatchObject({ status: 201, body: { title, headSeq: 0, members: [{ id: ada.id }, { id: bo.id }] } });
  const list = await eventually(async () => {
    const listed = await callRest<{ conversations: { title: string }[] }>(cluster.url, 'GET', '/api/conversations', {
      token: ada.token,
    });
    expect(listed.status).toBe(200);
    return listed.body.conversations;
  });
  expect(list.filter((conversation) => conversation.title === title)).toHaveLength(1);
  await eventually(() =>
    expect(member.received).toContainEqual({ event: 'conversation', payload: expect.objectContaining({ title }) }),
  );
});
