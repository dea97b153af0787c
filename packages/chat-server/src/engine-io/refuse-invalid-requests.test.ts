import { createServer } from 'node:http';
import { afterAll, expect, test } from '@jest/globals';
import { listen, portOf } from '@parley/service-kit';
import { Server } from 'socket.io';
import { refuseInvalidRequests } from './refuse-invalid-requests.ts';

const httpServer = createServer();
const io = new Server(httpServer, { cors: { origin: ['http://allowed'] } });
refuseInvalidRequests(io);
await listen(httpServer, 0, '127.0.0.1');
const url = `http://127.0.0.1:${portOf(httpServer)}/socket.io/?EIO=4&transport=polling`;
afterAll(() => io.close());

test('a polling session is refused other methods than GET and POST with 400', async () => {
  const [, sid] = /"sid":"([^"]+)"/.exec(await (await fetch(url)).text()) ?? [];
  for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD']) {
    const { status } = await fetch(`${url}&sid=${sid}`, { method });
    expect({ method, status }).toEqual({ method, status: 400 });
  }
  expect((await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '3' })).status).toBe(200);
  expect((await fetch(`${url}&sid=${sid}`, { method: 'OPTIONS' })).status).toBe(204);
});

test.each([
  ['an old version', 'EIO=3&transport=polling', /EIO/],
  ['no version', 'transport=polling', /EIO/],
  ['an unknown transport', 'EIO=4&transport=pigeon', /transport/],
  ['an upgrade without an upgrade header', 'EIO=4&transport=websocket', /transport/],
  ['an unknown session', 'EIO=4&transport=polling&sid=unknown', /sid/],
])('a request with %s is refused with an error object', async (_, query, message) => {
  const response = await fetch(`${url.split('?', 1)[0]}?${query}`);
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await response.json()).toEqual({
    code: 'INVALID_PAYLOAD',
    message: expect.stringMatching(message),
    retryable: false,
  });
});
