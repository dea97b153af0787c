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
import { sharedCluster } from './shared-cluster.ts';

const cluster = await sharedCluster();
const owner = await newGuest(cluster.url, 'Owner');

interface Page {
  messages: SeenMessage[];
  headSeq: number;
}

const latestPage = async (conversationId: string, token: string) =>
  (await callRest<Page>(cluster.url, 'GET', `/api/conversations/${conversationId}/messages`, { token })).body;

test('messages with the same clientMessageId are appended once, even through different servers', async () => {
  const conversationId = await newConversation(cluster.url, owner, { kind: 'group', title: 'Retries' });
  const messages: unknown[] = [];
  for (let round = 0; round < 6; round += 1) {
    const peer = await eventually(() => connectPeer(cluster.url, owner.token));
    const reply = await peer.send(conversationId, 'same', 'only once');
    if (!reply.ok) throw new Error(reply.code);
    messages.push(reply.message);
    // A try that got UNAVAILABLE may have been appended: then the first ack says `duplicate` too.
    if (round > 0 || peer.repeats === 0) expect(reply.duplicate).toBe(round > 0);
    peer.close();
  }
  for (const message of messages) expect(message).toEqual(messages[0]);
  expect((await latestPage(conversationId, owner.token)).messages).toHaveLength(1);
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
])('a message with %s is refused and not appended', async (_name, fields) => {
  const guest = await newGuest(cluster.url, 'Odd');
  const peer = await connectPeer(cluster.url, guest.token);
  const conversationId = await newConversation(cluster.url, guest, { kind: 'group', title: 'Odd' });
  const payload = { conversationId, clientMessageId: 'odd', ...fields };
  expect(await peer.emit('message:send', payload)).toMatchObject({
    ok: false,
    code: 'INVALID_PAYLOAD',
    retryable: false,
  });
  expect((await latestPage(conversationId, guest.token)).headSeq).toBe(0);
  expect(await peer.send(conversationId, 'fine', '4,000 × 🙂 fit: '.concat('🙂'.repeat(3_980)))).toMatchObject({
    ok: true,
  });
  peer.close();
});

test('malformed events are refused or ignored, and the connection stays open', async () => {
  const guest = await newGuest(cluster.url, 'Fuzz');
  const peer = await connectPeer(cluster.url, guest.token);
  for (const payload of [undefined, null, 7, 'text', [], [[]], true, { __proto__: { kind: 'text' } }]) {
    expect(await peer.emit('message:send', payload)).toMatchObject({ code: 'INVALID_PAYLOAD' });
  }
  expect(await peer.emit('no:such:event', {})).toMatchObject({ code: 'INVALID_PAYLOAD' });
  expect(await peer.emit('constructor', {})).toMatchObject({ code: 'INVALID_PAYLOAD' });
  const conversationId = await newConversation(cluster.url, guest, { kind: 'group', title: 'Fuzz' });
  const large = { conversationId, clientMessageId: 'l', kind: 'text', text: 'a'.repeat(100_000) };
  expect(await peer.emit('message:send', large)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(await peer.send('nowhere', 'x', 'hi')).toMatchObject({ code: 'NOT_FOUND' });
  peer.socket.emit('message:send', { conversationId });
  peer.socket.emit('message:send');
  expect(await peer.send(conversationId, 'still', 'alive')).toMatchObject({ ok: true });
  peer.close();
});

test.each(['websocket', 'polling'] as const)(
  'of several events in one packet over %s, only those that are too large are refused',
  async (transport) => {
    const guest = await newGuest(cluster.url, 'Bulk');
    const conversationId = await newConversation(cluster.url, guest, { kind: 'group', title: 'Bulk' });
    const peer = await connectPeer(cluster.url, guest.token, { transports: [transport] });
    const send = (clientMessageId: string, text: string) =>
      peer.emit('message:send', { conversationId, clientMessageId, kind: 'text', text });
    const replies = await Promise.all([send('1', 'x'), send('2', 'a'.repeat(100_000)), send('3', 'y')]);
    expect(replies).toMatchObject([{ ok: true }, { code: 'PAYLOAD_TOO_LARGE' }, { ok: true }]);
    peer.close();
  },
);

test('a non-member receives no messages of a group', async () => {
  const [stranger] = await newGuests(cluster.url, 1);
  if (!stranger) throw new Error('no stranger');
  const conversationId = await newConversation(cluster.url, owner, { kind: 'group', title: 'Private' });
  const [ownerPeer, strangerPeer] = await Promise.all([
    eventually(() => connectPeer(cluster.url, owner.token)),
    connectPeer(cluster.url, stranger.token),
  ]);
  await ownerPeer.send(conversationId, 's-1', 'private');
  const text = `public ${conversationId}`;
  await ownerPeer.send('lobby', 's-2', text);
  await eventually(() => expect(strangerPeer.seen.get('lobby')?.map((message) => message.text)).toContain(text));
  // The server answers after all packets of the same batch.
  expect(await strangerPeer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  expect(strangerPeer.seen.has(conversationId)).toBe(false);
  ownerPeer.close();
  strangerPeer.close();
});
