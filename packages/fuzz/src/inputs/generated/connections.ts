import fc from 'fast-check';
import type { Frame, HostileInput, PollingPost } from '../hostile-input.ts';
import { eventPackets } from './events.ts';
import { engineIoPackets, socketIoPackets } from './packets.ts';

const BINARY = 2;
const MAX_EVENTS = 40;

/** A frame that RFC 6455 forbids, or that needs more than one read. */
const brokenFrame: fc.Arbitrary<Frame> = fc
  .record({
    payload: fc.oneof(engineIoPackets, fc.constantFrom('', 'a'.repeat(126), 'a'.repeat(65_536), '\xc3\x28')),
    opcode: fc.oneof(fc.constantFrom(0, 1, 2, 8, 9, 10), fc.integer({ min: 0, max: 15 })),
    isFragment: fc.boolean(),
    reserved: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 7 })),
    isUnmasked: fc.integer({ min: 0, max: 4 }).map((value) => value === 0),
    claims: fc.option(fc.constantFrom(0, 1, 126, 65_535, 262_145, 2 ** 31, 2 ** 40, 2 ** 52), { freq: 4 }),
  })
  .map(({ claims, ...frame }) => (claims === null ? frame : { ...frame, claims }));

const textFrame = (packets: fc.Arbitrary<string>): fc.Arbitrary<Frame> => packets.map((payload) => ({ payload }));

/** Many events of a client that is connected as it should be. */
const events: fc.Arbitrary<HostileInput> = fc
  .array(textFrame(eventPackets), { minLength: 10, maxLength: MAX_EVENTS, size: 'max' })
  .map((frames) => ({ kind: 'websocket', connect: 'guest', frames }));

/** Packets that a decoder must refuse. Most of them end the connection, so only a few are sent on each. */
const packets: fc.Arbitrary<HostileInput> = fc
  .record({
    frames: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: textFrame(socketIoPackets) },
        { weight: 1, arbitrary: textFrame(engineIoPackets) },
        { weight: 1, arbitrary: fc.constant({ opcode: BINARY, payload: '\0\x01\x02' }) },
      ),
      { minLength: 1, maxLength: 6 },
    ),
    isGuest: fc.boolean(),
    isDirect: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ frames, isGuest, isDirect }) => ({
    kind: 'websocket',
    ...(isGuest && { connect: 'guest' as const }),
    ...(isDirect === 0 && { direct: true }),
    frames,
  }));

const frames: fc.Arbitrary<HostileInput> = fc
  .record({
    frames: fc.array(brokenFrame, { minLength: 1, maxLength: 5 }),
    isGuest: fc.integer({ min: 0, max: 3 }),
    isEager: fc.integer({ min: 0, max: 3 }),
    resets: fc.integer({ min: 0, max: 3 }),
    isDirect: fc.integer({ min: 0, max: 3 }),
  })
  .map((parts) => ({
    kind: 'websocket',
    ...(parts.isGuest === 0 && { connect: 'guest' as const }),
    ...(parts.isEager === 0 && { isEager: true }),
    ...(parts.resets === 0 && { resets: true }),
    ...(parts.isDirect === 0 && { direct: true }),
    frames: parts.frames,
  }));

const CONTENT_TYPES = [
  'text/plain;charset=UTF-8',
  'text/plain',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  '',
];
const QUERIES = [
  ...[
    'EIO=4&transport=polling',
    'EIO=4&transport=polling&sid=',
    'EIO=4&transport=polling&sid=__proto__',
    'EIO=3&transport=polling&sid={{sid}}',
  ],
  ...[
    'EIO=4&transport=websocket&sid={{sid}}',
    'EIO=4&transport=polling&sid={{sid}}&sid={{sid}}',
    'EIO=4&transport=polling&sid={{sid}}&j=1',
  ],
  ...[
    'EIO=4&transport[]=polling&sid={{sid}}',
    'transport=polling&sid={{sid}}',
    'EIO=4&transport=polling&sid={{sid}}%00',
  ],
];

const body = fc.oneof(
  { weight: 3, arbitrary: eventPackets },
  { weight: 2, arbitrary: socketIoPackets },
  { weight: 2, arbitrary: engineIoPackets },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(eventPackets, socketIoPackets), { maxLength: 20 }).map((all) => all.join('\x1e')),
  },
  { weight: 1, arbitrary: fc.constantFrom('\x1e'.repeat(500), '2\x1e'.repeat(500), '4\x1e'.repeat(500), 'd=4') },
);

const post: fc.Arbitrary<PollingPost> = fc
  .record({
    body,
    method: fc.oneof({ weight: 8, arbitrary: fc.constant('POST') }, fc.constantFrom('PUT', 'DELETE', 'GET', 'OPTIONS')),
    contentType: fc.oneof(
      { weight: 4, arbitrary: fc.constant('text/plain;charset=UTF-8') },
      fc.constantFrom(...CONTENT_TYPES),
    ),
    query: fc.option(fc.constantFrom(...QUERIES), { freq: 6 }),
  })
  .map(({ query, ...rest }) => (query === null ? rest : { ...rest, query }));

const polling: fc.Arbitrary<HostileInput> = fc
  .record({
    posts: fc.array(post, { minLength: 1, maxLength: 6 }),
    isGuest: fc.boolean(),
    isAbandoned: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ posts, isGuest, isAbandoned }) => ({
    kind: 'polling',
    ...(isGuest && { connect: 'guest' as const }),
    ...(isAbandoned === 0 && { isAbandoned: true }),
    posts,
  }));

const UPGRADE_QUERIES = [
  ...[
    'EIO=4&transport=websocket&sid={{sid}}',
    'EIO=3&transport=websocket&sid={{sid}}',
    'transport=websocket&sid={{sid}}',
    'EIO=5&transport=websocket',
  ],
  ...[
    'EIO=4&transport=polling&sid={{sid}}',
    'EIO=4&transport=webtransport',
    'EIO=4&transport=constructor',
    'EIO=4&transport=websocket&sid=__proto__',
  ],
  ...[
    'EIO=4&transport=websocket&sid={{sid}}x',
    'EIO=4&transport=websocket&sid=chat-server-9.x',
    'EIO=4&EIO=3&transport=websocket',
    'EIO[]=4&transport=websocket',
  ],
  ...['', '&', '%', 'EIO=4&transport=websocket&sid=%', '?EIO=4&transport=websocket', 'EIO=4&transport=websocket&b64=1'],
];
const UPGRADE_HEADERS = [
  ...[
    'Sec-WebSocket-Version: 12',
    'Sec-WebSocket-Version: x',
    'Sec-WebSocket-Key: short',
    'Sec-WebSocket-Key: ',
    'Upgrade: WebSocket',
    'Upgrade: h2c',
  ],
  ...[
    'Connection: close',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99',
    'Sec-WebSocket-Extensions: permessage-deflate;;,',
  ],
  ...[
    'Sec-WebSocket-Extensions: constructor',
    'Sec-WebSocket-Protocol: ,',
    `Sec-WebSocket-Protocol: ${'a,'.repeat(1_000)}a`,
    'Content-Length: 5',
  ],
  ...[
    'Origin: https://evil.example',
    'Origin: null',
    'Origin: http://localhost:1',
    'Origin: \xff',
    'Cookie: io=x',
    'X-Forwarded-For: 127.0.0.1',
  ],
];

const upgrades: fc.Arbitrary<HostileInput> = fc
  .record({
    query: fc.constantFrom(...UPGRADE_QUERIES),
    headers: fc.array(fc.constantFrom(...UPGRADE_HEADERS), { maxLength: 2 }),
    frames: fc.array(textFrame(fc.oneof(engineIoPackets, socketIoPackets)), { maxLength: 4 }),
    resets: fc.boolean(),
    isDirect: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ query, headers, frames: sent, resets, isDirect }) => ({
    kind: 'websocket',
    query,
    headers,
    ...(query.includes('{{sid}}') && { upgradesPolling: true }),
    ...(resets && { resets }),
    ...(isDirect === 0 && { direct: true }),
    frames: sent,
  }));

export const CONNECTIONS = { events, packets, frames, polling, upgrades } as const;
