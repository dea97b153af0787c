import { ChatError, ErrorBody, type ErrorCode, Handshake } from '@parley/protocol';
import type { AsyncApiMessage, AsyncApiOperation } from './document.ts';
import { type ClientEventDocumentation, ERRORS_OF_ALL_EVENTS, type ServerEventDocumentation } from './events.ts';
import { referenceTo, type SchemaReference } from './schemas.ts';

/** All events use the default namespace. */
const CHANNEL = { $ref: '#/channels/socket' };
const HANDSHAKE_ERRORS: readonly ErrorCode[] = [
  'UNAUTHENTICATED',
  'INVALID_PAYLOAD',
  'RATE_LIMITED',
  'SERVER_FULL',
  'ALREADY_CONNECTED',
  'SHUTTING_DOWN',
  'UNAVAILABLE',
  'INTERNAL',
];

const errorExamples = (codes: readonly ErrorCode[], toPayload: (error: ChatError) => unknown) =>
  codes.map((code) => ({ name: code, payload: toPayload(new ChatError(code)) }));
const listCodes = (codes: readonly ErrorCode[]) => codes.map((code) => `\`${code}\``).join(', ');

/**
 * Keys of channel messages are such as `connect`, `message:send`, `message:send.ack`, `message:send.refused` and `messages.packet`. The
 * suffix `.packet` marks a server event, because some events exist in both directions.
 */
const toMessage = (key: string): SchemaReference => ({ $ref: `${CHANNEL.$ref}/messages/${key}` });

/** The messages of one event by their keys in the channel, and its operation. */
export interface DocumentPart {
  readonly messages: Readonly<Record<string, AsyncApiMessage>>;
  readonly operation: AsyncApiOperation;
}

export function handshakePart(): DocumentPart {
  return {
    messages: {
      connect: {
        name: 'connect',
        title: 'Handshake',
        summary: '`auth` of the client: `io(url, { auth })`',
        payload: referenceTo(Handshake),
        examples: [{ name: 'handshake', payload: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln', deviceId: 'd-1' } }],
      },
      'connect.accepted': {
        name: 'connect',
        title: 'Connected',
        summary: 'The `connect` event of the client',
        payload: {
          type: 'object',
          properties: { sid: { type: 'string', description: 'Id of the connection' } },
          required: ['sid'],
        },
        examples: [{ name: 'connected', payload: { sid: 'chat-server-1.Xq3v9' } }],
      },
      'connect.refused': {
        name: 'connect_error',
        title: 'Refused connection',
        summary: '`connect_error` of the client: `err.message` is the code, `err.data` the whole error',
        description: `One of ${listCodes(HANDSHAKE_ERRORS)}.`,
        payload: {
          type: 'object',
          properties: { message: { type: 'string', enum: HANDSHAKE_ERRORS }, data: referenceTo(ErrorBody) },
          required: ['message', 'data'],
        },
        examples: errorExamples(HANDSHAKE_ERRORS, (error) => ({ message: error.code, data: error.toBody() })),
      },
    },
    operation: {
      action: 'receive',
      channel: CHANNEL,
      title: 'connect',
      summary: 'Open a connection',
      description:
        'A user has one session at a time. A second connection is refused with `ALREADY_CONNECTED`, unless it has the ' +
        'same `deviceId` (a reconnect) or `takeover: true`. `SERVER_FULL` puts the user into the waiting room: connect ' +
        'again after `retryAfterMs` with its `waitTicket`. `RATE_LIMITED`: your address has as many sessions as it may have.',
      messages: [toMessage('connect')],
      reply: { channel: CHANNEL, messages: [toMessage('connect.accepted'), toMessage('connect.refused')] },
    },
  };
}

export function clientEventPart(name: string, event: ClientEventDocumentation): DocumentPart {
  const codes = [...event.errors, ...ERRORS_OF_ALL_EVENTS];
  const messages = {
    [name]: {
      name,
      title: 'Payload',
      summary: `Payload of \`${name}\``,
      payload: referenceTo(event.payload),
      examples: [{ name: 'payload', payload: event.example.payload }],
    },
    [`${name}.ack`]: {
      name: `${name}.ack`,
      title: 'Ack',
      summary: `Ack of \`${name}\` when it succeeds`,
      payload: referenceTo(event.reply),
      examples: [{ name: 'ack', payload: event.example.reply }],
    },
    [`${name}.refused`]: {
      name: `${name}.ack`,
      title: 'Error',
      summary: `Ack of \`${name}\` when it fails`,
      description: `One of ${listCodes(codes)}.`,
      payload: {
        allOf: [
          { type: 'object', properties: { ok: { const: false }, code: { enum: codes } }, required: ['ok'] },
          referenceTo(ErrorBody),
        ],
      },
      examples: errorExamples(codes, (error) => ({ ok: false, ...error.toBody() })),
    },
  };
  const operation: AsyncApiOperation = {
    action: 'receive',
    channel: CHANNEL,
    title: name,
    summary: event.summary,
    description: event.description,
    messages: [toMessage(name)],
    reply: { channel: CHANNEL, messages: [toMessage(`${name}.ack`), toMessage(`${name}.refused`)] },
  };
  return { messages, operation };
}

export function serverEventPart(name: string, event: ServerEventDocumentation): DocumentPart {
  const key = `${name}.packet`;
  const message: AsyncApiMessage = {
    name,
    title: 'Payload',
    summary: `Payload of \`${name}\``,
    payload: referenceTo(event.payload),
    examples: [{ name: 'payload', payload: event.example }],
  };
  const { summary, description } = event;
  const operation: AsyncApiOperation = {
    action: 'send',
    channel: CHANNEL,
    title: name,
    summary,
    description,
    messages: [toMessage(key)],
  };
  return { messages: { [key]: message }, operation };
}
