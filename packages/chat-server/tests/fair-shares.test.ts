import { afterAll, expect, test } from '@jest/globals';
import { type ChatPeer, connectPeer, eventually, newGuest, newGuests, type Reply } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

// No message worker runs: what is appended stays in process.
const MAX_IN_PROCESS = 100;
const server = await newChatServer({ MAX_IN_PROCESS });
const peers: ChatPeer[] = [];
afterAll(() => {
  for (const peer of peers) peer.close();
});

const connect = async (url: string, token: string) => {
  const peer = await connectPeer(url, token);
  peers.push(peer);
  return peer;
};

const send = (peer: ChatPeer, clientMessageId: string): Promise<Reply> =>
  peer.emit('message:send', { conversationId: 'lobby', clientMessageId, kind: 'text', text: 'hi' });

test('a user who floods the lobby gets BUSY, and none of the others there is refused', async () => {
  const [greedy, ...others] = await newGuests(server.url, 5);
  const flooder = await connect(server.url, greedy?.token ?? '');
  const replies = await Promise.all(Array.from({ length: 200 }, (_, index) => send(flooder, `flood-${index}`)));
  const refused = replies.filter(({ ok }) => !ok);
  expect(refused.length).toBe(200 - 0.9 * MAX_IN_PROCESS);
  for (const reply of refused) {
    expect(reply).toMatchObject({ code: 'BUSY', retryable: true, retryAfterMs: expect.any(Number) });
    expect(reply).toMatchObject({ message: expect.stringMatching(/of yours/) });
  }
  for (const [index, other] of others.entries()) {
    const peer = await connect(server.url, other.token);
    expect(await send(peer, `healthy-${index}`)).toMatchObject({ ok: true });
  }
  const inProcess = async (what: string) => (await server.metric(`chat_cluster_in_process_${what}`)).get('of="sender"');
  await eventually(async () => expect(await inProcess('largest')).toBe(90));
  expect(await inProcess('holders')).toBe(5);
  const sends = await server.metric('chat_sends_total');
  expect([sends.get('outcome="over-share"'), sends.get('outcome="busy"')]).toEqual([refused.length, 0]);
});

test('a user who is faster than MESSAGES_PER_SECOND gets RATE_LIMITED with the time, and others do not', async () => {
  const limited = await newChatServer({ MESSAGES_PER_SECOND: 1, MESSAGE_BURST: 5 });
  const [fast, calm] = [await newGuest(limited.url, 'Fast'), await newGuest(limited.url, 'Calm')];
  const flooder = await connect(limited.url, fast.token);
  const replies = await Promise.all(Array.from({ length: 100 }, (_, index) => send(flooder, `fast-${index}`)));
  const refused = replies.filter(({ ok }) => !ok);
  expect(refused.length).toBeGreaterThan(50);
  for (const reply of refused) {
    expect(reply).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: expect.any(Number) });
    if (!reply.ok) expect(reply.retryAfterMs).toBeLessThanOrEqual(1_000);
  }
  expect(await send(flooder, 'fast-0')).toMatchObject({ ok: true, duplicate: true });
  const peer = await connect(limited.url, calm.token);
  expect(await send(peer, 'calm-1')).toMatchObject({ ok: true });
  const sends = await limited.metric('chat_sends_total');
  expect(sends.get('outcome="rate-limited"')).toBe(refused.length);
});

test('changes of a message count like messages', async () => {
  const limited = await newChatServer({ MESSAGES_PER_SECOND: 1, MESSAGE_BURST: 4 });
  const guest = await newGuest(limited.url, 'Ada');
  const peer = await connect(limited.url, guest.token);
  const sent = (await send(peer, 'first')) as unknown as { message: { id: string } };
  const change = (event: string, index: number, more: object) =>
    peer.emit(event, {
      conversationId: 'lobby',
      messageId: sent.message.id,
      clientMessageId: `${event}-${index}`,
      ...more,
    });
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => [
      change('message:edit', index, { text: `edit ${index}` }),
      change('message:react', index, { emoji: '👍' }),
    ]).flat(),
  );
  expect(replies.filter((reply) => !reply.ok && reply.code === 'RATE_LIMITED').length).toBeGreaterThan(20);
});
