import {
  AwayPayload,
  type ClientToServerEvents,
  DeletePayload,
  DeliveredPayload,
  EditPayload,
  HelloPayload,
  JoinPayload,
  ReactPayload,
  ReadPayload,
  SendPayload,
  SincePayload,
  TypingPayload,
} from '@parley/protocol';
import fc from 'fast-check';
import { z } from 'zod';
import { utf8 } from '../hostile-input.ts';
import { hostileString, hostileValue } from '../hostile-values.ts';
import { type JsonSchema, valuesOf } from '../schema-values.ts';

/** The compiler refuses this table when an event is missing. */
const PAYLOADS: Record<keyof ClientToServerEvents, z.ZodType> = {
  'session:hello': HelloPayload,
  'message:send': SendPayload,
  'messages:since': SincePayload,
  'conversation:join': JoinPayload,
  'message:edit': EditPayload,
  'message:delete': DeletePayload,
  'message:react': ReactPayload,
  read: ReadPayload,
  delivered: DeliveredPayload,
  typing: TypingPayload,
  away: AwayPayload,
};

const RESERVED_NAMES = [
  ...[
    'connect',
    'disconnect',
    'disconnecting',
    'connect_error',
    'error',
    'newListener',
    'removeListener',
    'connection',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'messages',
    'heads',
    'presence',
    'server:draining',
    'session:replaced',
    '',
  ],
];

const knownEvents = Object.entries(PAYLOADS).map(([event, payload]) => {
  const schema = z.toJSONSchema(payload, { io: 'input', unrepresentable: 'any' }) as unknown as JsonSchema & {
    $defs?: Record<string, JsonSchema>;
  };
  return fc.tuple(fc.constant(event), valuesOf(schema, schema.$defs));
});

const event: fc.Arbitrary<unknown[]> = fc.oneof(
  { weight: 12, arbitrary: fc.oneof(...knownEvents) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...RESERVED_NAMES), hostileValue) },
  { weight: 1, arbitrary: fc.tuple(hostileString, hostileValue) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...Object.keys(PAYLOADS)), hostileValue, hostileValue, hostileValue),
  },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(PAYLOADS)).map((name) => [name]) },
);

/** EVENT packets with a JSON array: payloads of all events, mostly valid, and events that do not exist. */
export const eventPackets: fc.Arbitrary<string> = fc
  .tuple(event, fc.option(fc.nat({ max: 1_000 }), { freq: 8 }))
  .map(([array, id]) => utf8(`42${id ?? ''}${JSON.stringify(array)}`));
