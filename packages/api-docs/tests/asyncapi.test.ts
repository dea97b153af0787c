import { Parser } from '@asyncapi/parser';
import { expect, test } from '@jest/globals';
import { Handshake } from '@parley/protocol';
import type { z } from 'zod';
import { CLIENT_EVENTS, SERVER_EVENTS } from '../src/asyncapi/events.ts';
import { asyncApiDocument } from '../src/index.ts';

const document = asyncApiDocument();
const namesOf = (action: 'receive' | 'send') =>
  Object.values(document.operations)
    .filter((operation) => operation.action === action)
    .map((operation) => operation.title);
const acceptsExample = (schema: z.ZodType, example: unknown) => schema.safeParse(example).error?.issues ?? [];

test('the document and its examples are valid AsyncAPI 3', async () => {
  const { document: parsed, diagnostics } = await new Parser().parse(JSON.stringify(document));
  expect(diagnostics).toEqual([]);
  expect(parsed?.version()).toBe(document.asyncapi);
});

test('every event of the typed event maps is documented', () => {
  expect(namesOf('receive')).toEqual(['connect', ...Object.keys(CLIENT_EVENTS)]);
  expect(namesOf('send')).toEqual(Object.keys(SERVER_EVENTS));
});

test.each(Object.entries(CLIENT_EVENTS))('the examples of %s pass the schemas that validate', (_name, event) => {
  expect(acceptsExample(event.payload, event.example.payload)).toEqual([]);
  expect(acceptsExample(event.reply, event.example.reply)).toEqual([]);
});

test.each(Object.entries(SERVER_EVENTS))('the example of %s passes its schema', (_name, event) => {
  expect(acceptsExample(event.payload, event.example)).toEqual([]);
});

test('the example of the handshake passes its schema', () => {
  expect(acceptsExample(Handshake, document.channels.socket.messages.connect?.examples[0]?.payload)).toEqual([]);
});

test('the document has exactly the schemas that the events refer to', () => {
  expect(Object.keys(document.components.schemas)).toEqual([
    'AwayPayload',
    'Conversation',
    'DeletePayload',
    'DeliveredPayload',
    'DoneReply',
    'DrainingPacket',
    'EditPayload',
    'Error',
    'Handshake',
    'Head',
    'HeadsPacket',
    'HelloPayload',
    'HelloReply',
    'IdlePacket',
    'JoinPayload',
    'JoinReply',
    'Media',
    'Message',
    'MessagesPacket',
    'PresenceChange',
    'PresencePacket',
    'ReactPayload',
    'ReadPayload',
    'Receipt',
    'ReceiptsPacket',
    'SendPayload',
    'SendReply',
    'Session',
    'SessionEnd',
    'SincePayload',
    'SinceReply',
    'StoredPacket',
    'TypingPacket',
    'TypingPayload',
    'User',
  ]);
});

test('every client event has an ack of success and an ack of failure', () => {
  for (const [name, operation] of Object.entries(document.operations)) {
    expect({ name, replies: operation.reply?.messages.length }).toEqual({
      name,
      replies: operation.action === 'receive' ? 2 : undefined,
    });
  }
});
