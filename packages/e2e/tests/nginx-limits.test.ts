import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { atFileEnd, eventually, type RawReply, requestFrom } from '@parley/testing';
import { newBackend, newFront } from './new-front.ts';

const HEALTHY = '127.0.0.1';
const ATTACKER = '127.0.0.2';

const backends = new Map([['chat-server-1', await newBackend('chat-server-1')]]);

const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

function expectRateLimited({ status, headers, body }: { status: number; headers: IncomingHttpHeaders; body: string }) {
  expect([status, headers['content-type']]).toEqual([429, 'application/problem+json']);
  expect(JSON.parse(body)).toMatchObject({ code: 'RATE_LIMITED', retryable: true, message: expect.any(String) });
  expect(Number(headers['retry-after']) * 1_000).toBe(JSON.parse(body).retryAfterMs);
}

/** Splits the replies, and checks that each is a success or a refusal with a code and a time. */
function refusalsOf(replies: readonly RawReply[]): number {
  const refused = replies.filter(({ status }) => status !== 200);
  for (const reply of refused) expectRateLimited(reply);
  return refused.length;
}

/** Tries to open a WebSocket without a client library. @returns the HTTP status */
function upgrade(from: string, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/socket.io/?EIO=4&transport=websocket`, {
      localAddress: from,
      agent: false,
      headers: { connection: 'Upgrade', upgrade: 'websocket' },
    });
    sent.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve(101);
    });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('requests of one address are limited, whatever they ask for; those of others are not', async () => {
  const front = await newFront(backends, { HTTP_REQUESTS_PER_SECOND: 2 });
  const paths = [
    '/api/me',
    '/',
    '/healthz',
    '/readyz',
    '/docs/',
    '/socket.io/?sid=chat-server-1.x',
    '/assets/index-1a2b.js',
  ];
  const replies = await times(140, (index) => requestFrom(ATTACKER, front.url + paths[index % paths.length]));
  // 20 at once, and two more for each second that the requests took.
  expect(refusalsOf(replies)).toBeGreaterThan(60);
  expect(refusalsOf(await times(10, () => requestFrom(HEALTHY, `${front.url}/api/me`)))).toBe(0);
});

test('handshakes of one address are limited, requests of established sessions and of others are not', async () => {
  const front = await newFront(backends, { HANDSHAKES_PER_MINUTE: 5 });
  const handshake = (from: string) => requestFrom(from, `${front.url}/socket.io/?EIO=4&transport=polling`);
  expect(refusalsOf(await times(60, () => handshake(ATTACKER)))).toBeGreaterThan(40);
  expect(await upgrade(ATTACKER, front.url)).toBe(429);
  const poll = () => requestFrom(ATTACKER, `${front.url}/socket.io/?EIO=4&sid=chat-server-1.x`);
  expect(refusalsOf(await times(60, poll))).toBe(0);
  expect(refusalsOf(await times(5, () => handshake(HEALTHY)))).toBe(0);
});

test('connections of one address are limited, those of others are not; a closed one makes room', async () => {
  const holding = new Set<Socket>();
  const holder = await newBackend('chat-server-1');
  holder.removeAllListeners('upgrade').on('upgrade', (_incoming, socket) => {
    holding.add(socket as Socket);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  });
  atFileEnd(() => {
    for (const socket of holding) socket.destroy();
  });
  const front = await newFront(new Map([['chat-server-1', holder]]), { HTTP_CONNECTIONS_PER_ADDRESS: 10 });
  const open = async (from: string) => {
    const socket = connect({ port: front.port, host: '127.0.0.1', localAddress: from });
    socket.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    return { socket, status: Number(head.toString().split(' ')[1]) };
  };
  const attacking = await times(30, () => open(ATTACKER));
  expect(attacking.filter(({ status }) => status === 101)).toHaveLength(10);
  expectRateLimited(await requestFrom(ATTACKER, `${front.url}/api/me`));
  const healthy = await times(5, () => open(HEALTHY));
  expect(healthy.map(({ status }) => status)).toEqual([101, 101, 101, 101, 101]);
  for (const { socket } of [...attacking, ...healthy]) socket.destroy();
  await eventually(async () => expect((await open(ATTACKER)).status).toBe(101));
});

test('all addresses of an IPv6 /64 are one client, and an IPv4 address mapped into IPv6 is that IPv4 address', async () => {
  const front = await newFront(backends, { TRUSTED_PROXIES: [HEALTHY], HANDSHAKES_PER_MINUTE: 1 });
  const statusFor = async (client: string) => {
    const headers = { 'x-forwarded-for': client };
    return (await requestFrom(HEALTHY, `${front.url}/socket.io/?EIO=4&transport=polling`, { headers })).status;
  };
  /** Uses up the limit of an address. */
  const exhaust = async (client: string) => {
    expect(await statusFor(client)).toBe(200);
    expect(await statusFor(client)).toBe(200);
    expect(await statusFor(client)).toBe(429);
  };
  await exhaust('2001:db8:1:a0a::1');
  expect(await statusFor('2001:db8:1:a0a:ffff:ffff:ffff:ffff')).toBe(429);
  await exhaust('2001:db8:1:a0b::1');
  await exhaust('::ffff:203.0.113.10');
  expect(await statusFor('203.0.113.10')).toBe(429);
  await exhaust('::ffff:203.0.113.11');
  await exhaust('10.10.10.10');
});

test('without limits, a thousand handshakes and requests of one address pass', async () => {
  const front = await newFront(backends);
  for (let round = 0; round < 10; round += 1) {
    const paths = ['/socket.io/?EIO=4&transport=polling', '/api/me'];
    expect(refusalsOf(await times(100, (index) => requestFrom(ATTACKER, front.url + paths[index % 2])))).toBe(0);
  }
});

test('clients that send headers or a body too slowly are disconnected, and others are served', async () => {
  const front = await newFront(backends);
  const started = [
    'GET /api/me HTTP/1.1\r\nHost: a\r\nX-Slow: ',
    'POST /api/me HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{',
  ];
  const slow = started.map((bytes) => {
    const socket = connect({ port: front.port, host: '127.0.0.1', localAddress: ATTACKER });
    socket.on('error', () => undefined); // nginx resets the connection
    socket.write(bytes);
    return new Promise((resolve) => socket.resume().on('close', resolve));
  });
  for (let served = 0; served < 20; served += 1) {
    expect((await requestFrom(HEALTHY, `${front.url}/api/me`)).status).toBe(200);
  }
  await Promise.all(slow);
});
