import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { type HostileInput, utf8 } from '../hostile-input.ts';
import { hostileString, hostileValue } from '../hostile-values.ts';

const base64url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const HEADERS = [
  ...[
    { alg: 'none' },
    { alg: 'None' },
    { alg: '' },
    {},
    { alg: null },
    { alg: ['HS256'] },
    { alg: 'HS256', typ: 'JWT' },
  ],
  ...[{ alg: 'HS384' }, { alg: 'RS256' }, { alg: 'ES256' }, { alg: 'dir', enc: 'A128GCM' }],
  ...[
    { alg: 'HS256', kid: '../../dev/null' },
    { alg: 'HS256', kid: "' UNION SELECT 'x" },
    { alg: 'HS256', crit: ['exp'] },
  ],
  ...[
    { alg: 'HS256', jku: 'http://127.0.0.1:1/keys' },
    { alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } },
    { alg: 'HS256', b64: false },
  ],
];

/** Secrets that a careless installation could have. */
const GUESSED_SECRETS = ['', 'secret', 'changeme', '\0'.repeat(32), 'parley', 'null'];

const claims: fc.Arbitrary<object> = fc.record(
  {
    iss: fc.oneof(fc.constant('parley'), hostileValue),
    aud: fc.oneof(fc.constant('parley'), fc.constant(['parley']), hostileValue),
    sub: fc.oneof(fc.constant('{{victim}}'), hostileValue),
    exp: fc.oneof(fc.constant(4_102_444_800), hostileValue),
    iat: fc.oneof(fc.constant(1), hostileValue),
    nbf: hostileValue,
  },
  { requiredKeys: ['sub', 'exp'] },
);

/** A token that was not issued by the cluster under test. Placeholders in its claims would be encoded, so they are not resolved. */
const forgedToken: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...HEADERS),
    claims,
    fc.constantFrom(...GUESSED_SECRETS),
    fc.constantFrom('signed', 'unsigned', 'random'),
  )
  .map(([header, payload, secret, how]) => {
    const signed = `${base64url(header)}.${base64url(payload)}`;
    const signature = createHmac('sha256', secret).update(signed).digest('base64url');
    return `${signed}.${how === 'signed' ? signature : how === 'random' ? 'AAAA' : ''}`;
  });

/** The attacker's own token with a damaged part. */
const damagedToken = fc.constantFrom(
  ...[
    '{{token}}x',
    '{{token}}.{{token}}',
    '{{token}}.',
    '.{{token}}',
    'x{{token}}',
    '{{token}}{{token}}',
    '{{token}}\\u0000',
    '{{token}}=',
  ],
);

const anyToken = fc.oneof(
  { weight: 4, arbitrary: forgedToken },
  { weight: 1, arbitrary: damagedToken },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '.',
      '..',
      '...',
      'a.b.c',
      'e30.e30.',
      'e30.e30.e30.e30.e30',
      `${'A'.repeat(4_000)}.e30.A`,
    ),
  },
  { weight: 1, arbitrary: hostileString.map((text) => text.replace(/[\r\n\0]/g, '')) },
);

/** A header with a token. None of these lets its sender read anything. */
const tokenHeader = anyToken.chain((token) =>
  fc.constantFrom(
    ...[`Authorization: Bearer ${token}`, `Authorization: bearer  ${token}`, `Authorization: Basic ${token}`],
    ...[`Authorization: ${token}`, `Authorization: Bearer ${token}, Bearer ${token}`],
    ...[`Cookie: refresh=${token}`, `Cookie: refresh=${token}; refresh=${token}`, `Cookie: ${token}; token=${token}`],
  ),
);

const PROTECTED = [
  '/api/me',
  '/api/conversations',
  '/api/search?q=a',
  '/api/conversations/{{private}}/messages',
  '/api/users?query=',
];

/** REST calls with a forged access token or refresh cookie. */
export const tokenRequests: fc.Arbitrary<HostileInput> = fc
  .tuple(tokenHeader, fc.constantFrom(...PROTECTED), fc.boolean())
  .map(([header, path, isRefresh]) => ({
    kind: 'request',
    head: utf8(`${isRefresh ? 'POST /api/auth/refresh' : `GET ${path}`} HTTP/1.1\r\nHost: {{host}}\r\n${header}`),
    ...(isRefresh && { body: '' }),
    forbidden: ['HTTP/1.1 20'],
  }));

/** Socket.IO handshakes with a forged access token, or with other hostile fields beside one. */
export const tokenHandshakes: fc.Arbitrary<HostileInput> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: anyToken }, { weight: 1, arbitrary: hostileValue }),
    fc.record(
      {
        deviceId: hostileValue,
        takeover: hostileValue,
        attempt: hostileValue,
        waitTicket: hostileValue,
        more: hostileValue,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([token, fields]) => ({
    kind: 'websocket',
    connect: utf8(JSON.stringify({ token, ...fields })),
    frames: [{ payload: '42["session:hello",{"timezone":"UTC"}]' }],
    forbidden: ['40{"sid"'],
  }));
