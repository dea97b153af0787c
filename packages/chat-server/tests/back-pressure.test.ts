import { afterAll, expect, test } from '@jest/globals';
import { connectPeer, eventually, newConversation, newGuests, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';
import { RawPoller, RawWebSocket } from './raw-clients.ts';
import { watchOthers } from './watch-others.ts';

/** The limits of `PacketFlow`. */
const BURST = 2_000;
const PER_SECOND = 1_000;

const server = await newChatServer();
const [healthy, attacker, second, third, typist] = (await newGuests(server.url, 5)) as [
  TestUser,
  TestUser,
  TestUser,
  TestUser,
  TestUser,
];
const healthyPeer = await connectPeer(server.url, healthy.token);
afterAll(() => healthyPeer.close());

const connectPacket = ({ token }: TestUser) => `40${JSON.stringify({ token, deviceId: 'raw' })}`;
const HELLO = '42["session:hello",{"timezone":"UTC"}]';

async function pollingSession(user: TestUser): Promise<RawPoller> {
  const poller = await RawPoller.open(server.url);
  await poller.post([connectPacket(user)]);
  await poller.until('40');
  return poller;
}

const awayWithAck = (id: number) => `42${id}["away",{"isAway":false}]`;

test('a polling client may send 1,000 events in one POST, and gets all acks', async () => {
  const poller = await pollingSession(attacker);
  await poller.post(Array.from({ length: 1_000 }, (_, id) => awayWithAck(id)));
  let acks = 0;
  while (acks < 1_000) acks += (await poller.poll()).filter((packet) => packet.startsWith('43')).length;
  expect(acks).toBe(1_000);
});

test('POSTs of a polling client that floods the server are answered late, and others are served', async () => {
  const poller = await pollingSession(second);
  const others = watchOthers(healthyPeer);
  const payload = new Array<string>(1_000).fill(HELLO);
  const startedAt = performance.now();
  let packets = 0;
  while (performance.now() - startedAt < 3_000) {
    expect((await poller.post(payload)).status).toBe(200);
    packets += payload.length;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  await others.expectServed();
  // Each POST is answered before its own packets are counted.
  expect(packets).toBeLessThanOrEqual(BURST + seconds * PER_SECOND + 2 * payload.length);
  await poller.post([awayWithAck(7)]);
  expect(await poller.until('437')).toBe('437[{"ok":true}]');
});

test('a session of a polling client that sends two POSTs at once is closed', async () => {
  const poller = await pollingSession(third);
  const payload = new Array<string>(1_500).fill(HELLO);
  for (let posts = 0; posts < 2; posts += 1) await poller.post(payload);
  const replies = await Promise.allSettled([poller.post(payload), poller.post(payload)]);
  expect(replies).toContainEqual({ status: 'fulfilled', value: expect.objectContaining({ status: 400 }) });
  await eventually(async () => expect((await poller.post(['3'])).status).toBe(400));
});

test('a POST of more than 2,000 packets ends the session, and says why', async () => {
  const poller = await pollingSession(third);
  await poller.post(new Array<string>(2_001).fill('42["away",{"isAway":false}]'));
  expect(await poller.until('42["session:expired"')).toContain('"code":"PAYLOAD_TOO_LARGE"');
  await eventually(async () => expect((await poller.post(['3'])).status).toBe(400));
});

test('a WebSocket client that floods the server with typing is slowed down, loses no event, and others are served', async () => {
  const webSocket = await RawWebSocket.open(server.url);
  webSocket.send([connectPacket(attacker)]);
  await eventually(() => expect(webSocket.received.some((packet) => packet.startsWith('40'))).toBe(true));
  const others = watchOthers(healthyPeer);
  const events = BURST + 3 * PER_SECOND;
  const startedAt = performance.now();
  webSocket.send(
    Array.from({ length: events }, (_, id) => {
      return `42${id}${JSON.stringify(['typing', { conversationId: 'lobby', isTyping: id % 2 === 0 }])}`;
    }),
  );
  await eventually(() => {
    expect(webSocket.received.filter((packet) => packet.startsWith('43'))).toHaveLength(events);
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  await others.expectServed();
  // UNAVAILABLE: the machine was too busy for this server's ping.
  const refused = webSocket.received.filter((packet) => packet.startsWith('43') && !packet.endsWith('[{"ok":true}]'));
  for (const packet of refused) expect(packet).toContain('"code":"UNAVAILABLE"');
  // The client may send on when the last packet has arrived, one read of the connection earlier.
  expect(seconds).toBeGreaterThan(1.5);
});

test('typing that repeats the same state costs Redis nothing', async () => {
  const group = await newConversation(server.url, typist, { kind: 'group', title: 'Plans', memberIds: [healthy.id] });
  const peer = await connectPeer(server.url, typist.token);
  const type = () => peer.emit('typing', { conversationId: group, isTyping: true });
  expect(await type()).toEqual({ ok: true });
  const countReads = async () => {
    const stats = await server.redis.client.info('commandstats');
    return Array.from(stats.matchAll(/^cmdstat_(?:evalsha|hmget|hget|get):calls=(\d+)/gm), ([, calls]) =>
      Number(calls),
    ).reduce((sum, calls) => sum + calls, 0);
  };
  const before = await countReads();
  const replies = await Promise.all(Array.from({ length: 1_000 }, type));
  expect(replies).toEqual(replies.map(() => ({ ok: true })));
  expect((await countReads()) - before).toBeLessThan(500);
  peer.close();
});
