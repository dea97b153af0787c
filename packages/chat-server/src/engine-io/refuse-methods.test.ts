import { createServer } from 'node:http';
import { afterAll, expect, test } from '@jest/globals';
import { listen, portOf } from '@parley/service-kit';
import { Server } from 'socket.io';
import { refuseMethods } from './refuse-methods.ts';

const httpServer = createServer();
const io = new Server(httpServer, { cors: { origin: ['http://allowed'] } });
refuseMethods(io);
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
