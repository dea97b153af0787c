// cspell:ignore AAMAAA AAQAAP
import fc from 'fast-check';
import { type HostileInput, utf8 } from '../hostile-input.ts';
import { hostileString } from '../hostile-values.ts';

const METHODS = [
  'GET',
  'POST',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PRI',
  'get',
  'G\0T',
  'PROPFIND',
  '',
  'A'.repeat(300),
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'HTTP/9.9', '', 'XTTP/1.1', 'HTTP/1.1 x'];

/** Addresses that no client may reach, files that nginx does not serve, and spellings that could hide them. */
const PATHS = [
  ...[
    '/',
    '*',
    '',
    '//',
    '/./',
    '/../',
    '/%',
    '/%00',
    '/%zz',
    '/?',
    '/#',
    'http://127.0.0.1/',
    'http://[::1/',
    '/socket.io',
    '/docs/../',
  ],
  ...[
    '/metrics',
    '/metrics/',
    '//metrics',
    '/%6detrics',
    '/metrics%2f',
    '/./metrics',
    '/x/../metrics',
    '/METRICS',
    '/metrics;a',
    '/api/../metrics',
  ],
  ...[
    '/malformed-request',
    '/@unavailable',
    '/@another_server',
    '/ops',
    '/ops/',
    '/ops/queues',
    '/nginx.conf',
    '/cluster.conf',
    '/web',
  ],
  ...[
    '/../../../../etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/assets/../../nginx.conf',
    '/assets/%2e%2e/%2e%2e/jwt-secret',
    '/docs/..%2f..%2fpackage.json',
  ],
  ...[
    '/.env',
    '/.git/config',
    '/api',
    '/api/',
    '/api//me',
    '/api/me/',
    '/API/ME',
    '/api/%6de',
    '/api/me?a=%ff',
    '/healthz/x',
    '/readyz',
  ],
  ...[
    `/${'a'.repeat(9_000)}`,
    `/api/users?query=${'%41'.repeat(3_000)}`,
    `/${'../'.repeat(200)}`,
    '/api/conversations/%2e%2e/messages',
  ],
];

const HEADERS = [
  ...[
    'Host: ',
    'Host: evil.example',
    'Host: {{host}}\r\nHost: evil.example',
    'host:{{host}}',
    'Host : {{host}}',
    'Host: a b',
    'X',
    ': y',
    ' folded',
  ],
  ...[
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 0x10',
    'Content-Length: 70000',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: chunked, chunked',
  ],
  ...[
    'Transfer-Encoding: chunked\r\nContent-Length: 4',
    'Content-Length: 44\r\nTransfer-Encoding: chunked',
    'TE: trailers',
    'Trailer: Authorization',
  ],
  ...[
    'Expect: 100-continue',
    'Expect: x',
    'Range: bytes=0-0,-1',
    `Range: bytes=${'0-,'.repeat(900)}`,
    'Upgrade: h2c',
    'Upgrade: websocket',
    'Connection: Upgrade',
  ],
  ...[
    'Connection: close, Authorization',
    'Connection: keep-alive',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Accept-Encoding: gzip;q=x, br',
  ],
  ...[
    'X-Accel-Redirect: /metrics',
    'X-Original-URL: /metrics',
    'X-Rewrite-URL: /metrics',
    'X-HTTP-Method-Override: DELETE',
    'X-Forwarded-Prefix: /metrics',
  ],
  ...[
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-For: ::ffff:7f00:1, x',
    'Forwarded: for=127.0.0.1',
    'X-Real-IP: \x00',
    'X-Request-Id: \x1b[2J',
    `X-Request-Id: ${'a'.repeat(4_000)}`,
  ],
  ...[
    'Origin: null',
    'Origin: https://evil.example',
    'Referer: \xff',
    'Cookie: refresh',
    'Cookie: =;=;=',
    `Cookie: ${'a=b; '.repeat(1_500)}`,
    'Authorization: Bearer',
  ],
  ...[
    'If-None-Match: *',
    'If-Modified-Since: x',
    `X-Long: ${'a'.repeat(9_000)}`,
    'Accept: \0',
    'Accept-Language: \xc3\x28',
  ],
];

/** Bodies that a proxy and a server may cut at different places. */
const BODIES = [
  ...[
    '',
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    'ffffffffffffffff\r\n',
    '-1\r\n',
    '0;x=\0\r\n\r\n',
    '1\r\nZ\r\nQ',
    '5\nhello\n0\n\n',
  ],
  ...[
    '0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: {{host}}\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nHost: {{host}}\r\nX: ',
    '\r\n\r\nGET / HTTP/1.1\r\n\r\n',
  ],
];

/** The text of metrics, of nginx.conf, of password files and of a stack trace: none may ever be served. */
export const SERVER_SECRETS = [
  'process_resident_memory_bytes',
  'worker_processes',
  'root:x:0:0',
  'node_modules/',
  'chat-server/src/',
];

/** Malformed and misleading HTTP, mostly for nginx. */
export const httpRequests: fc.Arbitrary<HostileInput> = fc
  .record({
    method: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('GET', 'POST') }, fc.constantFrom(...METHODS)),
    path: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...PATHS) },
      { weight: 1, arbitrary: hostileString.map((text) => `/api/${text}`) },
      { weight: 1, arbitrary: hostileString.map((text) => `/socket.io/?EIO=4&transport=${text}`) },
    ),
    version: fc.oneof({ weight: 5, arbitrary: fc.constant('HTTP/1.1') }, fc.constantFrom(...VERSIONS)),
    hosts: fc.oneof({ weight: 6, arbitrary: fc.constant(['Host: {{host}}']) }, fc.constant([])),
    headers: fc.array(fc.constantFrom(...HEADERS), { maxLength: 4 }),
    end: fc.oneof({ weight: 8, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\n\r\n', '\0')),
    body: fc.constantFrom(...BODIES),
    isDirect: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ method, path, version, hosts, headers, end, body, isDirect }) => ({
    kind: 'request',
    head: `${utf8(`${method} ${path} ${version}`.trimEnd())}${end}${[...hosts, ...headers].join(end)}`,
    body,
    isComplete: true,
    ...(isDirect === 0 && { direct: true }),
    forbidden: SERVER_SECRETS,
  }));
