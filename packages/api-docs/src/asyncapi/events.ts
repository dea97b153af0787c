import {
  type ClientToServerEvents,
  Conversation,
  DrainingPacket,
  type ErrorCode,
  HeadsPacket,
  HelloPayload,
  HelloReply,
  JoinPayload,
  JoinReply,
  MessagesPacket,
  ReadPayload,
  ReadReply,
  type Refused,
  SendPayload,
  SendReply,
  type ServerToClientEvents,
  SessionEnd,
  SincePayload,
  SinceReply,
  StoredPacket,
} from '@parley/protocol';
import type { z } from 'zod';

type ClientEvent = keyof ClientToServerEvents;
type ServerEvent = keyof ServerToClientEvents;
type AckOf<E extends ClientEvent> = Parameters<Parameters<ClientToServerEvents[E]>[1]>[0];

/** What a client may emit: the schemas are bound to the typed event map, in name and in shape. */
export interface ClientEventDocumentation<E extends ClientEvent = ClientEvent> {
  readonly summary: string;
  readonly description: string;
  readonly payload: z.ZodType<Parameters<ClientToServerEvents[E]>[0]>;
  /** The ack of success. */
  readonly reply: z.ZodType<Exclude<AckOf<E>, Refused>>;
  /** Codes of the ack of failure, beside those that any event may get. */
  readonly refusals: readonly ErrorCode[];
  readonly example: { readonly payload: unknown; readonly reply: unknown };
}

export interface ServerEventDocumentation<E extends ServerEvent = ServerEvent> {
  readonly summary: string;
  readonly description: string;
  readonly payload: z.ZodType<Parameters<ServerToClientEvents[E]>[0]>;
  readonly example: unknown;
}

/** What any event with an ack may be refused with. */
export const REFUSALS_EVERYWHERE: readonly ErrorCode[] = [
  'INVALID_PAYLOAD',
  'PAYLOAD_TOO_LARGE',
  'UNAVAILABLE',
  'INTERNAL',
];

const createdAt = '2026-01-31T12:00:00.000Z';
const message = {
  id: 'm1042',
  seq: 1042,
  senderId: 'u_ada',
  clientMessageId: '7f3c-0001',
  kind: 'text',
  text: 'Good morning!',
  createdAt,
};

export const CLIENT_EVENTS: { readonly [E in ClientEvent]: ClientEventDocumentation<E> } = {
  'session:hello': {
    summary: 'Begin the session',
    description: 'Counts as the first message. The ack says how far each conversation of the user has come.',
    payload: HelloPayload,
    reply: HelloReply,
    refusals: [],
    example: {
      payload: { timezone: 'Europe/Berlin' },
      reply: {
        ok: true,
        session: {
          userId: 'u_ada',
          node: 'chat-server-1',
          startedAt: createdAt,
          expiresAt: '2026-01-31T12:15:00.000Z',
          timezone: 'Europe/Berlin',
        },
        heads: [{ conversationId: 'lobby', headSeq: 1042, storedSeq: 1041, readSeq: 1040, epoch: 'k3JxQ0aZb1Lw' }],
      },
    },
  },
  'message:send': {
    summary: 'Send a message',
    description:
      'An acked message is never lost. Without an ack, send it again under the same `clientMessageId`: it is accepted ' +
      'once, and the ack then says `duplicate: true`. `BUSY` says in `retryAfterMs` when to try again.',
    payload: SendPayload,
    reply: SendReply,
    refusals: ['NOT_FOUND', 'FORBIDDEN', 'CONFLICT', 'BUSY'],
    example: {
      payload: { conversationId: 'lobby', clientMessageId: '7f3c-0001', kind: 'text', text: 'Good morning!' },
      reply: { ok: true, message: { id: message.id, seq: message.seq, createdAt }, duplicate: false },
    },
  },
  'messages:since': {
    summary: 'Fetch what was missed',
    description:
      'For each cursor, the messages after `afterSeq`: oldest first, without a gap, at most `limit` of them, fewer where ' +
      'many are asked for at once. Ask again from the last one while `hasMore` is true.',
    payload: SincePayload,
    reply: SinceReply,
    refusals: ['NOT_FOUND', 'FORBIDDEN'],
    example: {
      payload: { cursors: [{ conversationId: 'lobby', afterSeq: 1041 }], limit: 200 },
      reply: {
        ok: true,
        conversations: [
          { conversationId: 'lobby', messages: [message], headSeq: 1042, epoch: 'k3JxQ0aZb1Lw', hasMore: false },
        ],
      },
    },
  },
  'conversation:join': {
    summary: 'Join a channel',
    description:
      'Makes the user a member of a channel and sends its live messages here. The conversations that the user is in ' +
      'already need no join: the server sends them from the start.',
    payload: JoinPayload,
    reply: JoinReply,
    refusals: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { conversationId: 'c_gardening' }, reply: { ok: true, headSeq: 1042 } },
  },
  read: {
    summary: 'Say how far the user has read',
    description: 'The marker only moves forward, and not beyond the newest message; `session:hello` gives it back.',
    payload: ReadPayload,
    reply: ReadReply,
    refusals: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { conversationId: 'lobby', seq: 1042 }, reply: { ok: true } },
  },
};

export const SERVER_EVENTS: { readonly [E in ServerEvent]: ServerEventDocumentation<E> } = {
  messages: {
    summary: 'New messages',
    description:
      'One packet carries all that gathered in a conversation since the last. Delivery is at least once: order and ' +
      'uniqueness come from `seq`; where one is missing, ask `messages:since`.',
    payload: MessagesPacket,
    example: { conversationId: 'lobby', messages: [message] },
  },
  stored: {
    summary: 'Messages are in the history store',
    description:
      'Everything up to `seq` is. A client that wants to survive a lost Redis keeps its messages until then.',
    payload: StoredPacket,
    example: { conversationId: 'lobby', seq: 1042, epoch: 'k3JxQ0aZb1Lw' },
  },
  conversation: {
    summary: 'A conversation is new or has changed',
    description: 'The user was added to it, or its title or members changed.',
    payload: Conversation,
    example: {
      id: 'c_tea',
      kind: 'group',
      title: 'Tea',
      createdAt,
      members: [
        { id: 'u_ada', username: 'ada', displayName: 'Ada' },
        { id: 'u_bo', username: 'bo', displayName: 'Bo' },
      ],
      headSeq: 0,
    },
  },
  heads: {
    summary: 'How far conversations are',
    description:
      'Sent now and then for conversations that moved. A client that is behind `headSeq` has missed packets and asks ' +
      '`messages:since`; one that knew another `epoch` drops what it holds of the conversation and loads it anew.',
    payload: HeadsPacket,
    example: [{ conversationId: 'lobby', headSeq: 1042, storedSeq: 1042, epoch: 'k3JxQ0aZb1Lw' }],
  },
  'server:draining': {
    summary: 'This server stops',
    description:
      'Reconnect at a random moment within `reconnectWithinMs`; the balancer leads elsewhere. Whoever stays is disconnected.',
    payload: DrainingPacket,
    example: { reconnectWithinMs: 1000 },
  },
  'session:replaced': {
    summary: 'The user continues elsewhere',
    description: 'Another connection took this session over. The server closes this one; do not reconnect by itself.',
    payload: SessionEnd,
    example: { code: 'REPLACED', message: 'You continue elsewhere.' },
  },
  'session:expired': {
    summary: 'The session has ended',
    description:
      'Its token ended and was not renewed (`UNAUTHENTICATED`), the first message came too late (`SILENT`), the client ' +
      'did not read what it was sent (`SLOW`), or the server lost its place (`LOST`). The server closes the connection.',
    payload: SessionEnd,
    example: { code: 'UNAUTHENTICATED', message: 'Your access token ended: refresh it and connect again.' },
  },
};
