import type { Server } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { renderListenConf } from '@parley/local-cluster';
import { ERROR_CATALOGUE, type ErrorCode } from '@parley/protocol';
import { closeServer } from '@parley/service-kit';
import { type Echo, newBackend, newFront } from './new-front.ts';

const backends = new Map<string, Server>();
for (const name of ['chat-server-1', 'chat-server-2', 'chat-server-10']) backends.set(name, await newBackend(name));
const { url, port } = await newFront(backends);

const ask = async (path: string, headers: Record<string, string> = {}) =>
  (await (await fetch(url + path, { headers })).json()) as Echo;

/** Sends raw bytes and returns the whole answer. */
async function exchange(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let reply = '';
  for await (const chunk of socket) reply += chunk;
  return reply;
}

test('a request with a session id goes to the server that the id names; an invalid id goes to any server', async () => {
  for (const name of backends.keys()) {
    for (let poll = 0; poll < 4; poll += 1) expect((await ask(`/socket.io/?sid=${name}.abc`)).server).toBe(name);
  }
  const servers = new Set<string>();
  for (let poll = 0; poll < 60 && servers.size < 3; poll += 1) {
    servers.add((await ask('/socket.io/?sid=example.org')).server);
  }
  expect(servers.size).toBe(3);
});

test('a WebSocket upgrade goes to the server of its session', async () => {
  const reply = await exchange(
    'GET /socket.io/?sid=chat-server-10.x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  expect(reply).toMatch(/^HTTP\/1\.1 101 [\s\S]*chat-server-10$/);
});

test.each([
  ['/api/me', 'websocket'],
  ['/healthz', 'h2c'],
  ['/socket.io/?EIO=4&transport=polling', 'h2c'],
])('%s with Upgrade: %s is an ordinary request', async (path, upgrade) => {
  const reply = await exchange(
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: ${upgrade}\r\n\r\n`,
  );
  expect(reply).toMatch(/^HTTP\/1\.1 200 /);
  expect(reply).not.toContain('"upgrade"');
});

test.each(['/api', '/api/me', '/docs', '/docs/rest', '/healthz', '/readyz'])(
  '%s is answered by a chat server',
  async (path) => {
    expect((await ask(path)).url).toBe(path);
  },
);

test('a chat server gets the address of the client and a valid request id, and a client cannot forge the address', async () => {
  const plain = await ask('/api/me', { 'x-forwarded-for': '6.6.6.6', 'x-request-id': 'a line\tbreak "' });
  expect(plain.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', host: `127.0.0.1:${port}` });
  expect(plain.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  const named = await ask('/api/me', { 'x-request-id': 'from-the-caller.1' });
  expect(named.headers['x-request-id']).toBe('from-the-caller.1');
});

test('paths of the web client get its page, which is not cached; its assets are immutable', async () => {
  for (const path of ['/', '/conversations/lobby']) {
    const page = await fetch(url + path);
    expect(await page.text()).toContain('<title>Parley</title>');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'; script-src 'self'; ");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  }
  const asset = await fetch(`${url}/assets/index-1a2b.js`);
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(asset.headers.get('content-encoding')).toBe('gzip');
  expect(asset.headers.get('content-security-policy')).not.toBeNull();
  const missing = await fetch(`${url}/assets/index-gone.js`);
  expect([missing.status, missing.headers.get('cache-control')]).toEqual([404, null]);
});

async function expectProblem(response: Response, code: ErrorCode) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const { status, retryable } = ERROR_CATALOGUE[code];
  expect(response.status).toBe(status);
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ code, retryable, message: expect.any(String) });
  return body;
}

test('/metrics is not public', async () => {
  await expectProblem(await fetch(`${url}/metrics`), 'NOT_FOUND');
});

test('a large request is refused with an error object', async () => {
  const body = 'x'.repeat(65 * 1024);
  await expectProblem(await fetch(`${url}/api/me`, { method: 'POST', body }), 'PAYLOAD_TOO_LARGE');
});

test('a malformed request is refused with an error object', async () => {
  await expectProblem(await fetch(`${url}/${'a'.repeat(9_000)}`), 'INVALID_PAYLOAD');
  expect(await exchange('NONSENSE\r\n\r\n')).toContain('"code":"INVALID_PAYLOAD"');
});

test.each(['TRACE', 'FOO'])('the method %s is refused with an error object', async (method) => {
  const reply = await exchange(`${method} /api/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  expect(reply).toContain('application/problem+json');
  expect(reply).toContain('"code":"INVALID_PAYLOAD"');
});

test('an error of a chat server passes unchanged', async () => {
  const response = await fetch(`${url}/api/busy`);
  expect([response.status, await response.json()]).toEqual([503, expect.objectContaining({ url: '/api/busy' })]);
});

test('a server that is down is skipped at once; if all are down, REST and /readyz say unavailable', async () => {
  const kill = async (name: string) => closeServer(backends.get(name) as Server);
  await kill('chat-server-1');
  await kill('chat-server-10');
  const tookMs: number[] = [];
  for (let call = 0; call < 40; call += 1) {
    const startedAt = performance.now();
    expect((await ask('/api/me')).server).toBe('chat-server-2');
    tookMs.push(performance.now() - startedAt);
  }
  const post = await fetch(`${url}/api/me`, { method: 'POST', body: '{}' });
  expect(post.status).toBe(200);
  // If nginx waited for a server that is down, about half of the calls would take 2 s. The median ignores single pauses.
  const median = tookMs.sort((a, b) => a - b)[tookMs.length / 2];
  expect(median).toBeLessThan(1_500);
  await kill('chat-server-2');
  const body = await expectProblem(await fetch(`${url}/api/me`), 'UNAVAILABLE');
  expect(body.retryAfterMs).toBeGreaterThan(0);
  const readiness = await fetch(`${url}/readyz`);
  expect([readiness.status, await readiness.json()]).toEqual([503, { status: 'unavailable' }]);
});

test('the listen directives use IPv4 or IPv6 notation', () => {
  expect(renderListenConf(80, ['127.0.0.1', '::1'])).toBe(
    'listen 127.0.0.1:80 reuseport backlog=4096;\nlisten [::1]:80 reuseport backlog=4096;\n',
  );
});
