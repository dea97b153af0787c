import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { textFrame } from './websocket-frame.ts';

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const TEXTS = [0, 1, 125, 126, 65_535, 65_536, 300_000]
  .map((length) => 'x'.repeat(length))
  .concat('né – 🌍'.repeat(50));

const server = createServer().on('upgrade', (request, tcp) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${ACCEPT_GUID}`).digest('base64');
  tcp.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  tcp.on('data', () => tcp.end());
  for (const text of TEXTS) tcp.write(textFrame(text));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
afterAll(() => void server.close());

test('a WebSocket client decodes frames of every length class and of multi-byte text', async () => {
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const read: unknown[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  client.onmessage = ({ data }) => {
    read.push(data);
    if (read.length === TEXTS.length) resolve();
  };
  await all;
  expect(read).toEqual(TEXTS);
  client.close();
});
