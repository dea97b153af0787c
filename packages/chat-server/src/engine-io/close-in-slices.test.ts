import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { closeServer, listen, portOf } from '@parley/service-kit';
import { closeInSlices } from './close-in-slices.ts';

const httpServer = createServer((_request, response) => response.end('ok'));
closeInSlices(httpServer);
await listen(httpServer, 0, '127.0.0.1');
afterAll(() => closeServer(httpServer));

test('a connection that is reset while its upgrade waits for a decision does not end the process', async () => {
  const waiting = new Promise<Socket>((resolve) => {
    httpServer.on('upgrade', (_request, socket) => resolve(socket as Socket));
  });
  const client = connect(portOf(httpServer), '127.0.0.1');
  client.write('GET /socket.io/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const socket = await waiting;
  socket.removeAllListeners('error'); // as after an upgrade that nobody has decided
  const closed = new Promise((resolve) => socket.once('close', resolve)); // `once` of node:events would listen to errors
  socket.resume();
  client.resetAndDestroy();
  await closed;
  expect(await (await fetch(`http://127.0.0.1:${portOf(httpServer)}`)).text()).toBe('ok');
});
