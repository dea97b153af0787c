// cspell:ignoreRegExp /GHSA-[\w-]+/
import type { HostileCase, HostileInput, PollingInput, WebSocketInput } from './hostile-input.ts';

/** Below the limit of a frame and of a polling request, 256 KB. */
const LARGE = 250_000;
const RSV2 = 2;
const RSV3 = 1;
const [CONTINUATION, BINARY, CLOSE, PING] = [0, 2, 8, 9];

const guest = (...frames: WebSocketInput['frames']): HostileInput => ({ kind: 'websocket', connect: 'guest', frames });
const anonymous = (...frames: WebSocketInput['frames']): HostileInput => ({ kind: 'websocket', frames });
const request = (head: string, more: Partial<HostileInput> = {}): HostileInput =>
  ({ kind: 'request', head: `${head}\r\nHost: {{host}}`, ...more }) as HostileInput;
const upgrade = (headers: readonly string[], more: Partial<WebSocketInput> = {}): HostileInput => ({
  kind: 'websocket',
  headers,
  frames: [{ payload: '2probe' }],
  ...more,
});
const polling = (...posts: PollingInput['posts']): HostileInput => ({ kind: 'polling', posts });

/** Header names as in the proof of concept: 2,000 short ones. */
function manyHeaders(): string[] {
  const characters = [...'0123456789abcdefghijklmnopqrstuvwxyz'];
  const names = characters.flatMap((a) => characters.flatMap((b) => [`${a}${b}`, `${a}${b}_`]));
  return names.slice(0, 2_000).map((name) => `${name}: x`);
}

/** The published holes of socket.io, its parser, engine.io and ws: each got through to a server with an affected version. */
const PUBLISHED: readonly HostileCase[] = [
  {
    id: 'GHSA-qv2v-m59f-v5fw',
    title: 'socket.io: session ids can be guessed (CVE-2017-16031)',
    inputs: ['1', '0.123456789', 'chat-server-1.1', 'chat-server-1.AAAAAAAAAAAAAAAAAAAA'].map((sid) =>
      request(`GET /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1`, { forbidden: ['HTTP/1.1 200'] }),
    ),
  },
  {
    id: 'GHSA-fxwf-4rqh-v8g3',
    title: 'socket.io: every origin is allowed (CVE-2020-28481)',
    inputs: [
      request('GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nOrigin: https://evil.example', {
        forbidden: ['Access-Control-Allow-Origin: https://evil.example', 'Access-Control-Allow-Origin: *', '0{"sid"'],
      }),
      // A WebSocket is opened, because only then can its client read the error. It must not be admitted.
      upgrade(['Origin: https://evil.example'], {
        frames: [{ payload: '40{"token":"{{token}}"}' }],
        forbidden: ['40{"sid"'],
      }),
    ],
  },
  {
    id: 'GHSA-25hc-qcg6-38wj',
    title: 'socket.io: an event named "error" is thrown (CVE-2024-38355)',
    inputs: [
      guest({ payload: '42["error"]' }),
      guest({ payload: '42["error",{"message":"x"}]' }, { payload: '421["error"]' }),
    ],
  },
  {
    id: 'GHSA-j4f2-536g-r55m',
    title: 'engine.io: large polling requests exhaust the memory (CVE-2020-36048)',
    inputs: ['4\x1e', '4', '40/x,\x1e'].map((repeat) =>
      polling({ body: { repeat, times: Math.floor(LARGE / repeat.length) } }),
    ),
  },
  {
    id: 'GHSA-273r-mgr4-v34f',
    title: 'engine.io: an invalid frame right after the upgrade is thrown (CVE-2022-21676)',
    inputs: [RSV2, RSV3, RSV2 + RSV3].map((reserved) =>
      upgrade([], { isEager: true, frames: [{ payload: '2probe', reserved }] }),
    ),
  },
  {
    id: 'GHSA-r7qp-cfhv-p84w',
    title: 'engine.io: a reset after an invalid upgrade is thrown (CVE-2022-41940)',
    inputs: ['EIO=4&transport=websocket&sid=unknown', 'EIO=4&transport=unknown', 'EIO=2&transport=websocket'].map(
      (query) => upgrade([], { query, isEager: true, resets: true }),
    ),
  },
  {
    id: 'GHSA-q9mw-68c2-j6m5',
    title: 'engine.io: an upgrade with an unusual query is thrown (CVE-2023-31125)',
    inputs: [
      ...['EIO=4&transport=constructor', 'EIO=4&transport=toString', 'EIO=4&transport=__proto__', 'EIO=4'].map(
        (query) => upgrade([], { query }),
      ),
      upgrade([], { query: 'EIO=4&transport=polling&sid={{sid}}', upgradesPolling: true }),
      upgrade([], { query: 'EIO=4&transport=websocket&transport=polling&sid={{sid}}', upgradesPolling: true }),
    ],
  },
  {
    id: 'GHSA-r635-g3xr-vw7x',
    title: 'engine.io: binary polling requests are never answered (CVE-2026-59725)',
    inputs: ['POST', 'PUT'].map((method) =>
      polling({ body: '\0\x01\x02', contentType: 'application/octet-stream', method }),
    ),
  },
  {
    id: 'GHSA-2gc4-cqfq-p2gv',
    title: 'engine.io: an upgrade with another protocol revision is thrown (CVE-2026-102599)',
    inputs: [
      'EIO=3&transport=websocket&sid={{sid}}',
      'transport=websocket&sid={{sid}}',
      'EIO=4&EIO=3&transport=websocket&sid={{sid}}',
    ].map((query) =>
      upgrade([], {
        query,
        upgradesPolling: true,
        frames: [{ payload: '2probe' }, { payload: '5' }, { payload: '2' }, { payload: '3' }],
      }),
    ),
  },
  {
    id: 'GHSA-gr94-w7qr-f4j3',
    title: 'engine.io: a session id is found in the prototype (CVE-2026-59724)',
    inputs: ['__proto__', 'constructor', 'hasOwnProperty'].flatMap((sid) => [
      request(`GET /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1`, { forbidden: ['HTTP/1.1 200'] }),
      upgrade([], { query: `EIO=4&transport=websocket&sid=${sid}`, forbidden: ['HTTP/1.1 101'] }),
      upgrade([], { query: `EIO=4&transport=webtransport&sid=${sid}`, forbidden: ['HTTP/1.1 101'] }),
    ]),
  },
  {
    id: 'GHSA-xfhh-g9f5-x4m4',
    title: 'socket.io-parser: a long number or namespace exhausts the memory (CVE-2020-36049)',
    inputs: ['/', '1', '5'].map((repeat) => guest({ payload: { repeat: `4${repeat}`, times: LARGE / 2 } })),
  },
  {
    id: 'GHSA-qm95-pgcg-qqfq',
    title: 'socket.io-parser: a placeholder refers to a function (CVE-2022-2421)',
    inputs: ['"splice"', '"__proto__"', '-1', '1.5', 'null'].map((num) =>
      guest(
        { payload: `451-1["message:send",{"_placeholder":true,"num":${num}}]` },
        { payload: 'world', opcode: BINARY },
      ),
    ),
  },
  {
    id: 'GHSA-cqmj-92xf-r6r9',
    title: 'socket.io-parser: an event name that is no string is thrown (CVE-2023-32695)',
    inputs: ['{"toString":"foo"}', '{"toString":1,"valueOf":1}', '[]', 'null', '1e400'].map((name) =>
      guest({ payload: `42[${name}]` }),
    ),
  },
  {
    id: 'GHSA-677m-j7p3-52f9',
    title: 'socket.io-parser: attachments are collected without a limit (CVE-2026-33151)',
    inputs: [
      guest(
        { payload: '4599999999-["x",{"_placeholder":true,"num":0}]' },
        { payload: 'a'.repeat(1_000), opcode: BINARY, times: 50 },
      ),
    ],
  },
  {
    id: 'GHSA-2m8v-j782-fhvr',
    title: 'socket.io-parser: attachments are collected although none are announced (CVE-2026-69185)',
    inputs: ['450-["x"]', '460-1["x"]', '45-["x"]'].map((payload) =>
      guest({ payload }, { payload: 'a'.repeat(1_000), opcode: BINARY, times: 50 }),
    ),
  },
  {
    id: 'GHSA-2mhh-w6q8-5hxw',
    title: 'ws: a ping is answered with memory of the server (CVE-2016-10518)',
    inputs: [
      anonymous(
        { payload: '50', opcode: PING },
        { payload: '', opcode: PING },
        { payload: 'x', opcode: PING, claims: 125 },
      ),
    ],
  },
  {
    id: 'GHSA-6663-c963-2gqg',
    title: 'ws: a frame of any length is accepted (CVE-2016-10542)',
    inputs: [
      ...[262_145, 2 ** 28, 2 ** 31, 2 ** 52].map((claims) => anonymous({ payload: 'a'.repeat(1_000), claims })),
      anonymous({ payload: { repeat: '4', times: 1_000_000 } }),
    ],
  },
  {
    id: 'GHSA-5v72-xg48-5rpm',
    title: 'ws: an extension named like a property of every object is thrown',
    inputs: ['constructor', ',;constructor', '__proto__; toString=1', 'permessage-deflate; __proto__=1'].map((name) =>
      upgrade([`Sec-WebSocket-Extensions: ${name}`]),
    ),
  },
  {
    id: 'GHSA-6fc8-4gx4-v693',
    title: 'ws: spaces in Sec-WebSocket-Protocol take quadratic time (CVE-2021-32640)',
    inputs: [upgrade([`Sec-WebSocket-Protocol: b${' '.repeat(7_000)}x`])],
  },
  {
    id: 'GHSA-3h5v-q93c-6h6q',
    title: 'ws: more headers than Node keeps are thrown (CVE-2024-37890)',
    inputs: [
      upgrade(manyHeaders()),
      {
        kind: 'request',
        head: ['GET / HTTP/1.1', ...manyHeaders(), 'Upgrade: websocket', 'Connection: Upgrade'].join('\r\n'),
      },
    ],
  },
  {
    id: 'GHSA-58qx-3vcg-4xpx',
    title: 'ws: a close frame carries memory of the server (CVE-2026-45736)',
    inputs: ['', '\x03', '\x03\xe8', '\x03\xed', '\x0f\xa0\xff\xfe', `\x03\xe8${'r'.repeat(123)}`].map((payload) =>
      anonymous({ payload, opcode: CLOSE }),
    ),
  },
  {
    id: 'GHSA-96hv-2xvq-fx4p',
    title: 'ws: tiny fragments exhaust the memory (CVE-2026-48779)',
    inputs: [
      anonymous(
        { payload: '4', isFragment: true },
        { payload: 'a', opcode: CONTINUATION, isFragment: true, times: 5_000 },
      ),
    ],
  },
  {
    id: 'CVE-2026-62389',
    title: 'ws: a message of empty fragments never ends',
    inputs: [
      anonymous(
        { payload: '', isFragment: true },
        { payload: '', opcode: CONTINUATION, isFragment: true, times: 20_000 },
      ),
    ],
  },
];

/** Each case goes to the public address, and past nginx to a chat server. */
export const ADVISORIES: readonly HostileCase[] = PUBLISHED.map(({ inputs, ...advisory }) => ({
  ...advisory,
  inputs: inputs.flatMap((input) => [input, { ...input, direct: true }]),
}));
