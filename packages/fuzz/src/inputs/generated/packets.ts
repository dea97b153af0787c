import fc from 'fast-check';
import { utf8 } from '../hostile-input.ts';
import { hostileString, hostileValue } from '../hostile-values.ts';

const NAMESPACES = [
  '',
  '/,',
  '/admin,',
  '/__proto__,',
  '/lobby,',
  `/${'n'.repeat(3_000)},`,
  '/a?x=1,',
  '/,/,',
  '//,',
  '/\0,',
  '/%,',
];
const ACK_IDS = ['', '0', '1', '99999999999999999999', '9'.repeat(400), '-1', '1e3', '01', '٣'];
const ATTACHMENTS = ['', '0-', '1-', '2-', '10-', '-', '-1-', '1e9-', '99999999-', '1-1-', ' 1-', '0x1-'];

const EVENT_DATA = [
  ...[
    '[]',
    '{}',
    '[1]',
    '[null]',
    '[[]]',
    '[{}]',
    '[{"toString":"x"}]',
    '["__proto__"]',
    '["error"]',
    '["disconnecting",1]',
    'null',
    '"x"',
  ],
  ...[
    '["message:send"',
    '["session:hello",{"timezone":"UTC"}]]',
    '[\\"x\\"]',
    '["x",{"_placeholder":true,"num":0}]',
    '[true,{"ok":true}]',
  ],
  ...[
    '["x",{"_placeholder":true,"num":"splice"}]',
    '["x",{"_placeholder":true,"num":-1}]',
    '["x",{"_placeholder":true,"num":1e9}]',
  ],
  ...[
    '["x",{"_placeholder":true}]',
    '["x",{"__proto__":{"_placeholder":true,"num":0}}]',
    `["x"${',[]'.repeat(5_000)}]`,
  ],
];

/** Socket.IO packets that are wrong in their type, namespace, ack id, attachments or data. */
export const socketIoPackets: fc.Arbitrary<string> = fc
  .record({
    type: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...'0123456') },
      fc.constantFrom('7', '9', 'a', '', ' ', '-1', '00'),
    ),
    attachments: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.constantFrom(...ATTACHMENTS)),
    namespace: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.constantFrom(...NAMESPACES)),
    id: fc.constantFrom(...ACK_IDS),
    data: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...EVENT_DATA) },
      { weight: 2, arbitrary: hostileValue.map((value) => JSON.stringify(['x', value])) },
      { weight: 1, arbitrary: hostileString },
    ),
  })
  .map(({ type, attachments, namespace, id, data }) => utf8(`4${type}${attachments}${namespace}${id}${data}`));

/** Engine.IO packets: types of the wrong direction, unknown types, heartbeats at the wrong time, base64 that is none. */
export const engineIoPackets: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '',
        '0',
        '0{"sid":"x"}',
        '1',
        '2',
        '2probe',
        '3',
        '3probe',
        '5',
        '6',
        '7',
        '9',
        'b',
        'b####',
        'bAAAA',
        'x',
        '\0',
        '\x1e',
      ],
      ...[
        '4',
        '44',
        '41',
        '40',
        '43[]',
        '4null',
        '4\x1e4',
        '\xff\xfe',
        '4\xed\xa0\x80',
        `3${'x'.repeat(2_000)}`,
        'b'.repeat(2_000),
      ],
    ),
  },
  { weight: 1, arbitrary: hostileString.map(utf8) },
);
