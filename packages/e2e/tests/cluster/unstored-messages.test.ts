import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuest,
  newGuests,
  type SeenMessage,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const cluster = await newCluster({ NODES: 2 });
const owner = await newGuest(cluster.url, 'Owner');

interface Page {
  messages: SeenMessage[];
  headSeq: number;
  hasMore: boolean;
}

const page = async (conversationId: string, query: string) =>
  (
    await callRest<Page>(cluster.url, 'GET', `/api/conversations/${conversationId}/messages${query}`, {
      token: owner.token,
    })
  ).body;

const open: ChatPeer[] = [];
afterEach(() => {
  for (const peer of open.splice(0)) peer.close();
});

interface Group {
  readonly id: string;
  readonly bo: TestUser;
  readonly adaPeer: ChatPeer;
  readonly boPeer: ChatPeer;
}

/** Creates a group of Ada, its creator, and Bo, connected to different servers. */
async function group(): Promise<Group> {
  const [ada, bo] = (await newGuests(cluster.url, 2)) as [TestUser, TestUser];
  const id = await newConversation(cluster.url, ada, { kind: 'group', title: 'Tea', memberIds: [bo.id] });
  const adaPeer = await connectPeer(cluster.url, ada.token);
  open.push(adaPeer);
  const boPeer = await eventually(async () => {
    const peer = await connectPeer(cluster.url, bo.token);
    open.push(peer);
    if (peer.node !== adaPeer.node) return peer;
    peer.close();
    throw new Error('on the same server');
  });
  return { id, bo, adaPeer, boPeer };
}

async function withFrozenWorker<T>(work: () => Promise<T>): Promise<T> {
  cluster.kill('message-worker-1', 'SIGSTOP');
  try {
    return await work();
  } finally {
    cluster.kill('message-worker-1', 'SIGCONT');
  }
}

async function change(peer: ChatPeer, event: string, payload: Record<string, unknown>) {
  const reply = await peer.emit(event, { clientMessageId: randomUUID(), ...payload });
  if (!reply.ok) throw new Error(reply.code);
  return reply.message as { id: string; seq: number };
}

const say = (peer: ChatPeer, conversationId: string, text: string) =>
  change(peer, 'message:send', { conversationId, kind: 'text', text });

async function textsOf({ id, bo }: Group, query: string): Promise<(string | undefined)[]> {
  const path = `/api/conversations/${id}/messages${query}`;
  const page = await callRest<{ messages: { text?: string }[] }>(cluster.url, 'GET', path, { token: bo.token });
  return page.body.messages.map(({ text }) => text);
}

/** Expects that a deleted message can only be deleted again. */
async function expectNoChangePossible(
  { id: conversationId, adaPeer, boPeer }: Group,
  messageId: string,
): Promise<void> {
  const about = { conversationId, messageId };
  for (const [peer, event, payload] of [
    [adaPeer, 'message:edit', { ...about, text: 'again' }],
    [boPeer, 'message:react', { ...about, emoji: '👍' }],
    [boPeer, 'message:send', { conversationId, kind: 'text', text: 'to this', replyTo: messageId }],
  ] as const) {
    const { code } = (await peer.emit(event, { clientMessageId: randomUUID(), ...payload })) as { code?: string };
    expect({ event, code }).toEqual({ event, code: 'NOT_FOUND' });
  }
  await change(adaPeer, 'message:delete', about);
}

test.each(['not stored yet', 'stored'] as const)(
  'a deletion takes effect with its ack, for a message that is %s',
  async (when) => {
    const tea = await group();
    const { id, adaPeer } = tea;
    const saySecret = () => say(adaPeer, id, 'a secret');
    const secret = when === 'stored' ? await saySecret() : undefined;
    if (secret) await eventually(() => expect(adaPeer.stored.get(id)).toBe(secret.seq));
    await withFrozenWorker(async () => {
      const { id: messageId, seq } = secret ?? (await saySecret());
      const about = { conversationId: id, messageId };
      await change(adaPeer, 'message:edit', { ...about, text: 'another secret' });
      await say(adaPeer, id, 'nothing');
      await change(adaPeer, 'message:delete', about);
      await expectNoChangePossible(tea, messageId);
      expect(await textsOf(tea, '')).toEqual([undefined, undefined, 'nothing', undefined, undefined]);
      expect(await textsOf(tea, `?after=${seq - 1}&limit=1`)).toEqual([undefined]);
      expect(await textsOf(tea, `?after=${seq - 1}&limit=3`)).toEqual([undefined, undefined, 'nothing']);
      expect(await textsOf(tea, `?before=${seq + 2}`)).toEqual([undefined, undefined]);
      const since = { cursors: [{ conversationId: id, afterSeq: seq - 1 }], limit: 1 };
      expect(JSON.stringify(await tea.boPeer.emit('messages:since', since))).not.toContain('secret');
    });
    await eventually(() => expect(adaPeer.stored.get(id)).toBe(5));
    expect(await textsOf(tea, '?after=0&limit=3')).toEqual([undefined, undefined, 'nothing']);
    const { id: last } = await say(adaPeer, id, 'the next one');
    await change(adaPeer, 'message:delete', { conversationId: id, messageId: last });
    await expectNoChangePossible(tea, last);
  },
);

test('pages have no gap up to the newest appended message, before and after it is stored', async () => {
  const conversationId = await newConversation(cluster.url, owner, { kind: 'group', title: 'Pages' });
  const peer = await eventually(() => connectPeer(cluster.url, owner.token));
  const send = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from + 1 }, (_, i) => peer.send(conversationId, `p-${from + i}`, `n ${from + i}`)),
    );
  await send(1, 300);
  await eventually(() => expect(peer.stored.get(conversationId)).toBe(300));

  const seqs = ({ messages }: Page) => messages.map(({ seq }) => seq);
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const expectPages = async () => {
    const latest = await page(conversationId, '?limit=200');
    expect(seqs(latest)).toEqual(range(151, 350));
    expect(latest).toMatchObject({ headSeq: 350, hasMore: true });
    expect(seqs(await page(conversationId, '?before=151&limit=200'))).toEqual(range(1, 150));
    expect(await page(conversationId, '?before=151&limit=200')).toMatchObject({ hasMore: false });
    expect(seqs(await page(conversationId, '?after=0&limit=200'))).toEqual(range(1, 200));
    const forward = await page(conversationId, '?after=280&limit=70');
    expect(seqs(forward)).toEqual(range(281, 350));
    expect(forward.hasMore).toBe(false);
    expect(await page(conversationId, '?after=350')).toMatchObject({ messages: [], headSeq: 350, hasMore: false });
    const since = {
      cursors: [
        { conversationId, afterSeq: 340 },
        { conversationId: 'lobby', afterSeq: 0 },
      ],
      limit: 5,
    };
    const reply = (await peer.emit('messages:since', since)) as unknown as {
      conversations: (Page & { conversationId: string })[];
    };
    expect(seqs(reply.conversations[0] as Page)).toEqual(range(341, 345));
    expect(reply.conversations[0]).toMatchObject({ conversationId, headSeq: 350, hasMore: true });
    expect(reply.conversations[1]).toMatchObject({ conversationId: 'lobby', hasMore: false });
  };
  const releaseStore = cluster.lockStore();
  try {
    await send(301, 350);
    await expectPages();
  } finally {
    releaseStore();
  }
  await eventually(() => expect(peer.stored.get(conversationId)).toBe(350));
  await expectPages();
  peer.close();
});

test('the trace of a message shows members which processes appended, published, stored and delivered it, and its readers', async () => {
  const [reader, stranger] = await newGuests(cluster.url, 2);
  if (!reader || !stranger) throw new Error('no guests');
  const group = { kind: 'group', title: 'Traces', memberIds: [reader.id] };
  const conversationId = await newConversation(cluster.url, owner, group);
  const [sender, receiver] = await Promise.all([
    eventually(() => connectPeer(cluster.url, owner.token)),
    connectPeer(cluster.url, reader.token),
  ]);
  const trace = async (id: string, token: string, route = '/trace') =>
    callRest<Record<string, { at: string; by: string }[]>>(cluster.url, 'GET', `/api/messages/${id}${route}`, {
      token,
    });

  const appended = { at: expect.any(String), by: sender.node };
  const sendUnstored = async () => {
    const reply = await sender.send(conversationId, 'trace-1', 'where have I been?');
    if (!reply.ok) throw new Error(reply.code);
    const { id } = reply.message as SeenMessage;
    const { body } = await trace(id, owner.token);
    expect(body).toMatchObject({ id, conversationId, seq: 1, appended, stored: null });
    return id;
  };
  const releaseStore = cluster.lockStore();
  const id = await sendUnstored().finally(releaseStore);
  await eventually(() => expect(sender.stored.get(conversationId)).toBe(1));
  await eventually(() => expect([sender.seqs(conversationId), receiver.seqs(conversationId)]).toEqual([[1], [1]]));
  expect(await receiver.emit('read', { conversationId, seq: 1 })).toEqual({ ok: true });

  const byWorker = { at: expect.any(String), by: 'message-worker-1' };
  const servers = [...new Set([sender.node, receiver.node])].sort();
  // A trace omits servers that do not answer within a second.
  await eventually(async () => {
    const { body } = await trace(id, reader.token);
    expect(body).toMatchObject({ appended, published: byWorker, stored: byWorker });
    expect(body.read).toEqual([{ userId: reader.id, by: expect.any(String) }]);
    expect(body.delivered?.map(({ by }) => by)).toEqual(servers);
  });
  await eventually(async () => {
    const lines = (await Promise.all(cluster.logFiles().map((file) => readFile(file, 'utf8')))).join('').split('\n');
    const logged = lines
      .filter((line) => line.includes(id) && line.startsWith('{'))
      .map((line) => JSON.parse(line).msg);
    expect(logged).toEqual(expect.arrayContaining(['appended', 'published', 'stored']));
  });
  const { appended: step, ...others } = (await trace(id, reader.token)).body;
  await eventually(async () => {
    // Both routes omit servers that answer late.
    expect((await trace(id, reader.token, '/passport')).body).toEqual({ ...others, accepted: step });
  });
  expect((await trace(id, stranger.token)).status).toBe(403);
  expect((await trace('nothing', owner.token)).status).toBe(404);
  sender.close();
  receiver.close();
});
