import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { Server, type Socket } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { boundPayloads, holdPosts } from './bounded-polling.ts';
import { type EngineConnection, PacketFlow } from './packet-flow.ts';

const httpServer = createServer();
const io = new Server(httpServer, { serveClient: false });
const flows: PacketFlow[] = [];
holdPosts(io);
io.engine.on('connection', (connection: EngineConnection) => {
  flows.push(PacketFlow.open(connection));
  boundPayloads(connection, () => connection.close(true));
});
httpServer.listen(0, '127.0.0.1');
await once(httpServer, 'listening');
const { port } = httpServer.address() as AddressInfo;
afterAll(() => io.close());

async function open(transport: 'polling' | 'websocket') {
  const connected = once(io, 'connection') as Promise<[Socket]>;
  const client = connect(`http://127.0.0.1:${port}`, { transports: [transport], forceNew: true, reconnection: false });
  const [socket] = await connected;
  const flow = flows.at(-1) as PacketFlow;
  const seen: number[] = [];
  socket.on('count', (count: number, ack?: () => void) => {
    seen.push(count);
    ack?.();
  });
  return { client, socket, flow, seen, emit: (count: number) => client.emitWithAck('count', count) };
}

test.each(['polling', 'websocket'] as const)(
  'while events wait, nothing more of a %s client is read',
  async (transport) => {
    const { client, flow, seen, emit } = await open(transport);
    await emit(1);
    flow.update(true);
    const later = emit(2);
    // The second client's request passes the same loops of the server as that of the first.
    const other = await open(transport);
    for (let count = 1; count <= 20; count += 1) await other.emit(count);
    expect(seen).toEqual([1]);
    flow.update(false);
    await later;
    expect(seen).toEqual([1, 2]);
    client.close();
    other.client.close();
  },
);

test('a POST that waits ends when its connection is closed', async () => {
  const { client, socket, flow, seen } = await open('polling');
  flow.update(true);
  const disconnected = once(socket, 'disconnect');
  client.emit('count', 1);
  const other = await open('polling');
  for (let count = 1; count <= 20; count += 1) await other.emit(count);
  socket.conn.close(true);
  await disconnected;
  expect(flow.isPaused).toBe(false);
  expect(seen).toEqual([]);
  client.close();
  other.client.close();
});

test('a change of the transport keeps the pause', async () => {
  const connected = once(io, 'connection') as Promise<[Socket]>;
  const client = connect(`http://127.0.0.1:${port}`, { transports: ['polling', 'websocket'], forceNew: true });
  const [socket] = await connected;
  const flow = flows.at(-1) as PacketFlow;
  flow.update(true);
  if (socket.conn.transport.name !== 'websocket') await once(socket.conn, 'upgrade');
  const webSocket = (socket.conn.transport as unknown as { socket: { isPaused: boolean } }).socket;
  expect(webSocket.isPaused).toBe(true);
  flow.update(false);
  expect(webSocket.isPaused).toBe(false);
  client.close();
});
