import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from '@jest/globals';
import { callRestOnce, connectPeer, eventually, newGuest, startTcpProxy } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const other = await newChatServer();
const proxy = await startTcpProxy('127.0.0.1', other.redis.port);
/** `CLUSTER_URL` is the address of the load balancer. Here the other server is in its place. */
const alone = await newChatServer({ REDIS_URL: `redis://127.0.0.1:${proxy.port}`, CLUSTER_URL: other.url }, other);
const withoutUrl = await newChatServer({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` }, other);

// A server also stops in order while Redis does not answer. A rejection that nobody handles would end the process of this test.
afterAll(async () => {
  other.redis.process.kill('SIGSTOP');
  await Promise.all([alone.stop(), withoutUrl.stop()]);
});

/** Begins a request. Its connection stays open when the port is closed. */
function begin(lines: string): Socket {
  const socket = connect(Number(new URL(alone.url).port), '127.0.0.1');
  socket.write(`${lines.trim().replaceAll('\n', '\r\n')}\r\nHost: alone\r\n`);
  return socket;
}

async function finish(socket: Socket, body = ''): Promise<string> {
  socket.write(`\r\n${body}`);
  return text(socket);
}

const UPGRADE =
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==';

test('a server that alone lost Redis closes its port, and refuses what still arrives with 503 before any work', async () => {
  const body = JSON.stringify({ displayName: 'Nobody' });
  const begun = [
    begin('GET /socket.io/?EIO=4&transport=polling HTTP/1.1'),
    begin(UPGRADE),
    begin('GET /api/me HTTP/1.1'),
    begin(`POST /api/auth/guest HTTP/1.1\nContent-Type: application/json\nContent-Length: ${Buffer.byteLength(body)}`),
  ];
  const resetting = begin(UPGRADE);
  await eventually(async () => expect((await callRestOnce(alone.url, 'GET', '/readyz')).status).toBe(200));
  proxy.cut();
  await eventually(async () => {
    await expect(fetch(`${alone.url}/healthz`)).rejects.toThrow();
  });
  const replies = await Promise.all(begun.map((socket, index) => finish(socket, index === 3 ? body : '')));
  // A client that resets its connection after the refusal of an upgrade does not crash the server.
  resetting.write('\r\n');
  await once(resetting, 'data');
  resetting.resetAndDestroy();
  await once(resetting, 'close');
  // nginx repeats a handshake because of its status, and any other request because of this header.
  for (const reply of replies.slice(2)) expect(reply).toMatch(/^x-accel-redirect: @another_server/im);
  for (const reply of replies) {
    expect(reply).toMatch(/^HTTP\/1\.1 503 /);
    expect(reply).toMatch(/^connection: close/im);
    expect(reply).toMatch(/"code":"UNAVAILABLE".*"retryAfterMs":\d+/);
  }
  expect((await alone.metric('chat_isolated')).get('')).toBe(1);

  proxy.restore();
  const guest = await eventually(() => newGuest(alone.url, 'Ada'));
  const peer = await connectPeer(alone.url, guest.token);
  expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  expect((await alone.metric('chat_isolated')).get('')).toBe(0);
  peer.close();
});

test('a server that knows of no other one keeps its port and its sessions when it loses Redis', async () => {
  const peer = await connectPeer(withoutUrl.url, (await newGuest(other.url, 'Bo')).token);
  const late = await newGuest(other.url, 'Late');
  proxy.cut();
  await eventually(async () => expect((await callRestOnce(withoutUrl.url, 'GET', '/readyz')).status).toBe(503));
  expect(await peer.emitOnce('session:hello', { timezone: 'UTC' })).toMatchObject({ code: 'UNAVAILABLE' });
  const webSocket = new WebSocket(`${withoutUrl.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const packets: string[] = [];
  webSocket.onmessage = ({ data }) => packets.push(String(data));
  await eventually(() => expect(packets[0]).toMatch(/^0/));
  webSocket.send(`40${JSON.stringify({ token: late.token })}`);
  await eventually(() => expect(packets[1]).toMatch(/^44.*"code":"UNAVAILABLE"/));
  webSocket.close();
  proxy.restore();
  expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  expect(peer.disconnectedBy).toBeUndefined();
  peer.close();
});
