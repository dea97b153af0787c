import { afterAll, expect, test } from '@jest/globals';
import { connectPeer, eventually, newGuest, newGuests, type TestUser } from '@parley/testing';
import { newChatServer, type TestChatServer } from './new-chat-server.ts';
import { RawPoller, RawWebSocket, rawRequest, upgrade } from './raw-clients.ts';
import { watchOthers } from './watch-others.ts';

const MAX_PENDING_CONNECTIONS = 20;
const server = await newChatServer();
const small = await newChatServer({ MAX_PENDING_CONNECTIONS }, server);
const [healthy, attacker] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
const healthyPeer = await connectPeer(server.url, healthy.token);
afterAll(() => healthyPeer.close());

/** Opened first: their deadline passes while the other tests run. */
const silentPoller = await RawPoller.open(server.url);
const silentWebSocket = await RawWebSocket.open(server.url);

const POLLING_PATH = '/socket.io/?EIO=4&transport=polling';

async function countHandshakes({ metric }: TestChatServer = server): Promise<number> {
  return [...(await metric('chat_handshakes_total')).values()].reduce((sum, count) => sum + count, 0);
}

const connectPacket = ({ token }: TestUser) => `40${JSON.stringify({ token, deviceId: 'raw' })}`;

test('one POST with 87,314 CONNECT packets is refused before they are parsed, and others are served', async () => {
  const before = await countHandshakes();
  const poller = await RawPoller.open(server.url);
  const others = watchOthers(healthyPeer);
  await poller.post(new Array<string>(87_314).fill('40'));
  const answer = await poller.until('44');
  await others.expectServed();
  expect(JSON.parse(answer.slice(2))).toMatchObject({
    message: 'PAYLOAD_TOO_LARGE',
    data: { code: 'PAYLOAD_TOO_LARGE', retryable: false },
  });
  expect((await countHandshakes()) - before).toBe(0);
});

test('WebSockets that send 20,000 packets before their admission are closed, and others are served', async () => {
  const before = await countHandshakes();
  const others = watchOthers(healthyPeer);
  const floods = ['40', '40/nowhere,', '42["away",{"isAway":true}]', '3', '459-["x",{"_placeholder":true,"num":0}]'];
  const webSockets = await Promise.all(
    floods.map(async (packet) => {
      const webSocket = await RawWebSocket.open(server.url);
      webSocket.send(new Array<string>(20_000).fill(packet));
      return webSocket;
    }),
  );
  await eventually(() => expect(webSockets.map(({ isClosed }) => isClosed)).toEqual(floods.map(() => true)));
  await others.expectServed();
  expect((await countHandshakes()) - before).toBeLessThanOrEqual(1);
  for (const { received } of webSockets) {
    expect(received.filter((packet) => packet.startsWith('44')).length).toBeLessThanOrEqual(1);
  }
});

test('a refused WebSocket that ignores the closing is not read any further', async () => {
  const others = watchOthers(healthyPeer);
  const webSocket = await RawWebSocket.open(server.url);
  webSocket.ignoresClosing = true;
  webSocket.send(new Array<string>(20).fill('40'));
  await eventually(() => expect(webSocket.received.some((packet) => packet.startsWith('44'))).toBe(true));
  webSocket.flood('40', 5_000_000);
  await eventually(() => expect(webSocket.isClosed).toBe(true));
  expect(webSocket.bytesSent).toBeLessThan(20_000_000);
  await others.expectServed();
});

test('a WebSocket that sends pings instead of a CONNECT is closed', async () => {
  const webSocket = await RawWebSocket.open(server.url);
  webSocket.ping(100);
  await eventually(() => expect(webSocket.isClosed).toBe(true));
});

test.each([
  ['without a token', '40', '', 'UNAUTHENTICATED'],
  ['for an unknown namespace', '40/nowhere,{"token":"x"}', '/nowhere,', 'NOT_FOUND'],
  ['for an unknown namespace without a payload', '40/nowhere', '/nowhere,', 'NOT_FOUND'],
  ['with a payload that is no JSON', '40{"token":', '', 'INVALID_PAYLOAD'],
  ['with a payload that is no object', '40["token"]', '', 'INVALID_PAYLOAD'],
  ['that is too large', `40{"token":"${'x'.repeat(20_000)}"}`, '', 'PAYLOAD_TOO_LARGE'],
])('a CONNECT %s is answered with the error, then the connection is closed', async (_name, packet, namespace, code) => {
  const expectAnswer = (answer: string | undefined) => {
    const start = `44${namespace}`;
    expect(answer?.slice(0, start.length)).toBe(start);
    expect(JSON.parse(answer?.slice(start.length) ?? '')).toMatchObject({
      message: code,
      data: { code, message: expect.any(String), retryable: expect.any(Boolean) },
    });
  };
  const webSocket = await RawWebSocket.open(server.url);
  webSocket.send([packet]);
  await eventually(() => expectAnswer(webSocket.received[1]));
  await eventually(() => expect(webSocket.isClosed).toBe(true));

  const poller = await RawPoller.open(server.url);
  expect(await poller.post([packet])).toEqual({ status: 200, body: 'ok' });
  expectAnswer(await poller.until('44'));
  expect(await poller.until('1')).toBe('1');
  await eventually(async () => expect((await poller.post(['3'])).status).toBe(400));
});

test('a second CONNECT before the admission is answered with an error, then the connection is closed', async () => {
  const webSocket = await RawWebSocket.open(server.url);
  webSocket.send([connectPacket(attacker), connectPacket(attacker)]);
  await eventually(() => expect(webSocket.received.at(-1)).toMatch(/^44.*INVALID_PAYLOAD/));
  await eventually(() => expect(webSocket.isClosed).toBe(true));
});

test('an admitted client that connects to an unknown namespace is refused there and keeps its session', async () => {
  const other = healthyPeer.socket.io.socket('/nowhere', {});
  const error = await new Promise<Error & { data?: unknown }>((resolve) => {
    other.on('connect_error', resolve);
    other.connect();
  });
  expect(error).toMatchObject({ message: 'NOT_FOUND', data: { code: 'NOT_FOUND', retryable: false } });
  expect(await healthyPeer.emit('away', { isAway: false })).toEqual({ ok: true });
});

test('a client that leaves the namespace may connect again', async () => {
  const webSocket = await RawWebSocket.open(server.url);
  for (const connects of [1, 2]) {
    webSocket.send([connectPacket(attacker)]);
    await eventually(() => {
      expect(webSocket.received.filter((packet) => packet.startsWith('40'))).toHaveLength(connects);
    });
    webSocket.send(['41']);
    await eventually(async () => expect((await server.metric('chat_sessions')).get('')).toBe(1));
  }
  // It is not admitted any more.
  webSocket.send(['42["away",{"isAway":true}]']);
  await eventually(() => expect(webSocket.isClosed).toBe(true));
});

test('probes of a change of the transport are bounded', async () => {
  const poller = await RawPoller.open(server.url);
  const webSocket = await RawWebSocket.open(server.url, `&sid=${poller.sid}`);
  webSocket.send(new Array<string>(1_000).fill('2probe'));
  await eventually(() => expect(webSocket.isClosed).toBe(true));
  expect(webSocket.received.length).toBeLessThan(10);
});

test('pending connections are bounded, and an address that holds most of them leaves room for others', async () => {
  const url = `${small.url}${POLLING_PATH}`;
  const replies = await Promise.all(Array.from({ length: 100 }, () => rawRequest(url)));
  const refused = replies.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThanOrEqual(100 - MAX_PENDING_CONNECTIONS);
  for (const { status, body } of refused) {
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: expect.any(Number) });
  }
  for (const refusal of [
    await rawRequest(`${url}&sid=`),
    await rawRequest(`${url}&sid=x&sid=`),
    await upgrade(small.url),
    await upgrade(small.url, '&sid='),
  ]) {
    expect(refusal).toMatchObject({ status: 503, body: expect.stringContaining('"retryAfterMs"') });
  }
  for (const transport of ['polling', 'websocket'] as const) {
    const { token } = await newGuest(small.url, 'Newcomer');
    const peer = await connectPeer(small.url, token, { transports: [transport] });
    expect(await peer.emit('away', { isAway: false })).toEqual({ ok: true });
    peer.close();
  }
});

test('a connection without a CONNECT is closed after ten seconds', async () => {
  await eventually(() => expect(silentWebSocket.isClosed).toBe(true), 20_000);
  await eventually(async () => expect((await silentPoller.post(['3'])).status).toBe(400), 20_000);
  await eventually(async () => expect((await server.metric('chat_pending_connections')).get('')).toBe(0));
});
