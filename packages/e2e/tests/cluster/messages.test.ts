import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import {
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuest,
  newGuests,
  type SeenMessage,
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

test('the same clientMessageId is accepted once, whichever server the retry reaches', async () => {
  const conversationId = await newConversation(cluster.url, owner, { kind: 'group', title: 'Retries' });
  const messages: unknown[] = [];
  for (let round = 0; round < 6; round += 1) {
    const peer = await eventually(() => connectPeer(cluster.url, owner.token));
    const reply = await peer.send(conversationId, 'same', 'only once');
    if (!reply.ok) throw new Error(reply.code);
    messages.push(reply.message);
    // What was refused for a while may have been accepted nevertheless: then the first ack says so, too.
    if (round > 0 || peer.repeats === 0) expect(reply.duplicate).toBe(round > 0);
    peer.close();
  }
  for (const message of messages) expect(message).toEqual(messages[0]);
  expect((await page(conversationId, '')).messages).toHaveLength(1);
});

test('pages are gap-free up to the newest accepted message, while nothing is stored and after', async () => {
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

test.each([
  ['no text', { kind: 'text' }],
  ['an empty text', { kind: 'text', text: '' }],
  ['white space', { kind: 'text', text: ' \n\t ' }],
  ['4,001 characters', { kind: 'text', text: 'a'.repeat(4_001) }],
  ['half a surrogate pair', { kind: 'text', text: '\ud800' }],
  ['an unknown kind', { kind: 'shout', text: 'x' }],
  ['a kind that only the log makes', { kind: 'system', text: 'x' }],
  ['a text as an object', { kind: 'text', text: { toString: 'x' } }],
  ['a clientMessageId of 65 characters', { kind: 'text', text: 'x', clientMessageId: 'x'.repeat(65) }],
  ['a medium in a text', { kind: 'text', text: 'x', mediaId: 'm' }],
  ['a conversation id with a brace', { kind: 'text', text: 'x', conversationId: 'a}b' }],
])('a message with %s is refused and changes nothing', async (_name, fields) => {
  const guest = await newGuest(cluster.url, 'Odd');
  const peer = await connectPeer(cluster.url, guest.token);
  const headBefore = (await page('lobby', '')).headSeq;
  const payload = { conversationId: 'lobby', clientMessageId: 'odd', ...fields };
  expect(await peer.emit('message:send', payload)).toMatchObject({
    ok: false,
    code: 'INVALID_PAYLOAD',
    retryable: false,
  });
  expect((await page('lobby', '')).headSeq).toBe(headBefore);
  expect(await peer.send('lobby', 'fine', '4,000 × 🙂 fit: '.concat('🙂'.repeat(3_980)))).toMatchObject({ ok: true });
  peer.close();
});

test('what is no message at all is answered or ignored, and the connection lives', async () => {
  const guest = await newGuest(cluster.url, 'Fuzz');
  const peer = await connectPeer(cluster.url, guest.token);
  for (const payload of [undefined, null, 7, 'text', [], [[]], true, { __proto__: { kind: 'text' } }]) {
    expect(await peer.emit('message:send', payload)).toMatchObject({ code: 'INVALID_PAYLOAD' });
  }
  expect(await peer.emit('no:such:event', {})).toMatchObject({ code: 'INVALID_PAYLOAD' });
  expect(await peer.emit('constructor', {})).toMatchObject({ code: 'INVALID_PAYLOAD' });
  const large = { conversationId: 'lobby', clientMessageId: 'l', kind: 'text', text: 'a'.repeat(100_000) };
  expect(await peer.emit('message:send', large)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(await peer.send('nowhere', 'x', 'hi')).toMatchObject({ code: 'NOT_FOUND' });
  peer.socket.emit('message:send', { conversationId: 'lobby' });
  peer.socket.emit('message:send');
  expect(await peer.send('lobby', 'still', 'alive')).toMatchObject({ ok: true });
  peer.close();
});

test.each(['websocket', 'polling'] as const)(
  'of events that come together over %s only those that are too large are refused',
  async (transport) => {
    const guest = await newGuest(cluster.url, 'Bulk');
    const peer = await connectPeer(cluster.url, guest.token, { transports: [transport] });
    const send = (clientMessageId: string, text: string) =>
      peer.emit('message:send', { conversationId: 'lobby', clientMessageId, kind: 'text', text });
    const replies = await Promise.all([send('1', 'x'), send('2', 'a'.repeat(100_000)), send('3', 'y')]);
    expect(replies).toMatchObject([{ ok: true }, { code: 'PAYLOAD_TOO_LARGE' }, { ok: true }]);
    peer.close();
  },
);

test('a stranger hears nothing of a group that he is not in', async () => {
  const [stranger] = await newGuests(cluster.url, 1);
  if (!stranger) throw new Error('no stranger');
  const conversationId = await newConversation(cluster.url, owner, { kind: 'group', title: 'Private' });
  const [ownerPeer, strangerPeer] = await Promise.all([
    eventually(() => connectPeer(cluster.url, owner.token)),
    connectPeer(cluster.url, stranger.token),
  ]);
  await ownerPeer.send(conversationId, 's-1', 'private');
  await ownerPeer.send('lobby', 's-2', 'public');
  await eventually(() => expect(strangerPeer.seen.get('lobby')?.at(-1)?.text).toBe('public'));
  // Answered after all that the server handed out together with that one.
  expect(await strangerPeer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  expect(strangerPeer.seen.has(conversationId)).toBe(false);
  ownerPeer.close();
  strangerPeer.close();
});

test("a message's trace shows members who appended, published, stored and delivered it, and who has read it", async () => {
  const [reader, stranger] = await newGuests(cluster.url, 2);
  if (!reader || !stranger) throw new Error('no guests');
  const group = { kind: 'group', title: 'Traces', memberIds: [reader.id] };
  const conversationId = await newConversation(cluster.url, owner, group);
  const [sender, receiver] = await Promise.all([
    eventually(() => connectPeer(cluster.url, owner.token)),
    connectPeer(cluster.url, reader.token),
  ]);
  const trace = async (id: string, token: string, route = 'trace') =>
    callRest<Record<string, { at: string; by: string }[]>>(cluster.url, 'GET', `/api/messages/${id}/${route}`, {
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
  // A server that does not answer within a second is left out of a trace.
  await eventually(async () => {
    const { body } = await trace(id, reader.token);
    expect(body).toMatchObject({ appended, published: byWorker, stored: byWorker });
    expect(body.read).toEqual([{ userId: reader.id, by: expect.any(String) }]);
    expect(body.delivered?.map(({ by }) => by)).toEqual(servers);
  });
  await eventually(async () => {
    const lines = (await Promise.all(cluster.logFiles().map((file) => readFile(file, 'utf8')))).join('').split('\n');
    const told = lines.filter((line) => line.includes(id) && line.startsWith('{')).map((line) => JSON.parse(line).msg);
    expect(told).toEqual(expect.arrayContaining(['accepted', 'published', 'stored']));
  });
  const { appended: step, ...others } = (await trace(id, reader.token)).body;
  await eventually(async () => {
    // Servers that answer late are left out of either.
    expect((await trace(id, reader.token, 'passport')).body).toEqual({ ...others, accepted: step });
  });
  expect((await trace(id, stranger.token)).status).toBe(403);
  expect((await trace('nothing', owner.token)).status).toBe(404);
  sender.close();
  receiver.close();
});
