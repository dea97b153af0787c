import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import type { FanOutItem } from '@parley/fan-out';
import { type ConversationId, LOBBY_ID, type MessagesPacket, type StoredPacket } from '@parley/protocol';
import { createMetrics, silentLogger } from '@parley/service-kit';
import { eventually } from '@parley/testing';
import { Server } from 'socket.io';
import { io as connect, type Socket } from 'socket.io-client';
import { writeAcksDirectly } from '../engine-io/write-packets.ts';
import { HostCpuUsage } from '../host-cpu-usage.ts';
import { CHAT_SERVER_METRICS } from '../metrics.ts';
import { DeliveryMemory } from './delivery-memory.ts';
import { EventLoopUtilisation } from './event-loop-utilisation.ts';
import { FanOutDelivery } from './fan-out-delivery.ts';

const http = createServer();
const io = new Server(http);
io.on('connection', (socket) => {
  writeAcksDirectly(socket);
  socket.on('echo', (sent: unknown, ack: (reply: unknown) => void) => ack(sent));
  void socket.join(LOBBY_ID);
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
const clients: Socket[] = [];
afterAll(async () => {
  // The server closes the connections, because a polling client that closes its own sends one more request.
  const connected = clients.filter((client) => client.connected);
  const disconnects = connected.map((client) => new Promise((resolve) => client.once('disconnect', resolve)));
  await io.close();
  await Promise.all(disconnects);
});

class Listener {
  readonly packets: MessagesPacket[] = [];
  readonly stored: StoredPacket[] = [];
  readonly client: Socket;

  constructor(transport: 'polling' | 'websocket') {
    this.client = connect(url, { transports: [transport], forceNew: true, reconnection: false });
    clients.push(this.client);
    this.client.on('messages', (packet) => this.packets.push(packet));
    this.client.on('stored', (packet) => this.stored.push(packet));
  }

  get seqs(): number[] {
    return this.packets.flatMap(({ messages }) => messages.map(({ seq }) => seq));
  }
}

const messages = (firstSeq: number, lastSeq: number, conversationId = LOBBY_ID): FanOutItem => ({
  kind: 'messages',
  conversationId,
  firstSeq,
  lastSeq,
  json: Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) =>
    JSON.stringify({ id: `m${firstSeq + index}`, seq: firstSeq + index, text: `"né" ${'x'.repeat(300)}` }),
  ).join(','),
});
const stored = (seq: number): FanOutItem => ({ kind: 'stored', conversationId: LOBBY_ID, seq, epoch: 'e1' });

test('clients on every transport get published messages in order, and messages that arrive together in one packet', async () => {
  const deliveries = new DeliveryMemory();
  const metrics = createMetrics(CHAT_SERVER_METRICS, 'test');
  const delivery = new FanOutDelivery({
    io,
    deliveries,
    utilisation: new EventLoopUtilisation(),
    hostCpu: new HostCpuUsage(),
    metrics,
    logger: silentLogger(),
  });
  const listeners = [new Listener('websocket'), new Listener('polling'), new Listener('websocket')];
  await eventually(() => expect(io.of('/').adapter.rooms.get(LOBBY_ID)?.size).toBe(listeners.length));

  // Two workers may publish their offsets in reverse order.
  delivery.receive([
    messages(1, 2),
    messages(1, 1, 'c_elsewhere' as ConversationId),
    messages(3, 3),
    stored(2),
    stored(1),
  ]);
  for (const { packets, stored: marks } of listeners) {
    await eventually(() =>
      expect([packets.length, marks]).toEqual([1, [{ conversationId: LOBBY_ID, seq: 2, epoch: 'e1' }]]),
    );
    expect(packets[0]).toMatchObject({ conversationId: LOBBY_ID, messages: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
  }
  expect(deliveries.find(LOBBY_ID, 2)).toMatchObject({ sessions: 3 });

  const all = 4_000;
  for (let seq = 4; seq <= all; seq += 2) {
    delivery.receive([messages(seq, seq + 1 <= all ? seq + 1 : seq)]);
    // A packet through Engine.IO must neither overtake a direct write nor be overtaken by one.
    if (seq % 100 === 0) io.to(LOBBY_ID).emit('heads', []);
    if (seq % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  delivery.receive([stored(all)]);
  for (const listener of listeners) {
    await eventually(() => expect(listener.stored.at(-1)?.seq).toBe(all));
    expect(listener.seqs).toEqual(Array.from({ length: all }, (_, index) => index + 1));
    expect(listener.packets.length).toBeLessThan(all / 20);
  }
  await delivery.close();
});

test('acks of every size and type arrive intact on every transport', async () => {
  for (const transport of ['websocket', 'polling'] as const) {
    const { client } = new Listener(transport);
    const replies = ['', '"né" \u{1F600}', 'x'.repeat(100), 'x'.repeat(70_000), Buffer.from([0, 255]), null];
    const answered: unknown[] = [];
    await Promise.all(
      replies.map(async (reply) => answered.push(await client.timeout(60_000).emitWithAck('echo', reply))),
    );
    expect(answered).toEqual(replies);
  }
});
