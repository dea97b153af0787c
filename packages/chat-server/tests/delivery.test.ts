import { expect, test } from '@jest/globals';
import { FanOutPublisher } from '@parley/fan-out';
import type { ConversationId } from '@parley/protocol';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { type ChatPeer, connectPeer, eventually, newGuests, startTcpProxy, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const server = await newChatServer();
const lobby = 'lobby' as ConversationId;

/** Publishes as a message worker does. */
async function newPublisher() {
  const connection = await connectRedis(server.redis.url, 'no-deadline', {
    logger: silentLogger(),
    connectionName: 'test',
  });
  const publisher = new FanOutPublisher(connection);
  return {
    publish(seq: number, text: string) {
      const json = JSON.stringify({ id: `m${seq}`, seq, senderId: 'u_test', kind: 'text', text });
      publisher.publish([{ kind: 'messages', conversationId: lobby, firstSeq: seq, lastSeq: seq, json }]);
    },
    stored: (seq: number) => publisher.publish([{ kind: 'stored', conversationId: lobby, seq, epoch: 'e1' }]),
    close: () => connection.disconnect(),
  };
}

test.each(['polling', 'websocket'] as const)(
  'clients over %s get messages in order, then stored',
  async (transport) => {
    const [user] = (await newGuests(server.url, 1)) as [TestUser];
    const peer = await connectPeer(server.url, user.token, { transports: [transport] });
    const publisher = await newPublisher();
    for (let seq = 1; seq <= 100; seq += 1) publisher.publish(seq, `message ${seq}`);
    publisher.stored(100);
    await eventually(() => expect(peer.stored.get(lobby)).toBe(100));
    expect(peer.seen.get(lobby)?.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    publisher.close();
    peer.close();
  },
);

test('idle clients get the heads of their conversations', async () => {
  const [user] = (await newGuests(server.url, 1)) as [TestUser];
  const peer = await connectPeer(server.url, user.token);
  const reply = await peer.send(lobby, 'head-1', 'nobody publishes this');
  const { seq } = (reply as unknown as { message: { seq: number } }).message;
  await eventually(() => expect(peer.heads.get(lobby)?.headSeq).toBe(seq));
  peer.close();
});

test('a slow consumer is disconnected, and the others keep getting messages', async () => {
  const [slow, fast] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
  const proxy = await startTcpProxy('127.0.0.1', Number(new URL(server.url).port));
  const slowPeer: ChatPeer = await connectPeer(`http://127.0.0.1:${proxy.port}`, slow.token);
  const fastPeer = await connectPeer(server.url, fast.token);
  const publisher = await newPublisher();
  const ended = async () => (await server.metric('chat_sessions_ended_total')).get('reason="slow"');

  proxy.stall();
  let seq = 0;
  const publishNext = (text: string) => {
    seq += 1;
    publisher.publish(seq, text);
  };
  await eventually(async () => {
    // The buffers of the two TCP connections take some MB before any bytes wait in the server.
    for (let chunk = 0; chunk < 20; chunk += 1) publishNext('x'.repeat(100_000));
    expect(await ended()).toBe(1);
  });
  publishNext('the last one');
  await eventually(() => expect(fastPeer.seqs(lobby).at(-1)).toBe(seq));
  proxy.restore();
  await eventually(() => expect(slowPeer.disconnectedBy).toBeDefined());
  // The slot is free: the client can reconnect.
  const back = await eventually(() => connectPeer(server.url, slow.token));
  for (const peer of [back, fastPeer]) peer.close();
  publisher.close();
});
