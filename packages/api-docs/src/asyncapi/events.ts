import {
  AwayPayload,
  type ClientToServerEvents,
  Conversation,
  DeletePayload,
  DeliveredPayload,
  DoneReply,
  DrainingPacket,
  EditPayload,
  type ErrorCode,
  HeadsPacket,
  HelloPayload,
  HelloReply,
  JoinPayload,
  JoinReply,
  MessagesPacket,
  PresencePacket,
  ReactPayload,
  ReadPayload,
  ReceiptsPacket,
  type Refused,
  SendPayload,
  SendReply,
  type ServerToClientEvents,
  SessionEnd,
  SincePayload,
  SinceReply,
  StoredPacket,
  TypingPacket,
  TypingPayload,
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

const change = { conversationId: 'lobby', messageId: 'm1042' };
const changed = { ok: true, message: { id: 'm1043', seq: 1043, createdAt }, duplicate: false };
const REFUSALS_OF_CHANGES: readonly ErrorCode[] = ['NOT_FOUND', 'FORBIDDEN', 'CONFLICT', 'BUSY'];

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
  'message:edit': {
    summary: 'Change the text of a message',
    description:
      'Only who sent it may. The change is a message of kind `edit` with a `seq` of its own, whose `replyTo` names the ' +
      'message; the newest one counts. Repeat it under the same `clientMessageId` where there is no ack.',
    payload: EditPayload,
    reply: SendReply,
    refusals: REFUSALS_OF_CHANGES,
    example: {
      payload: { ...change, clientMessageId: '7f3c-0002', text: 'Good morning, everyone!' },
      reply: changed,
    },
  },
  'message:delete': {
    summary: 'Delete a message',
    description:
      'Who sent it may, and who created its group or channel. A message of kind `delete` tells the others; the history gives ' +
      'out the deleted one without its text and medium.',
    payload: DeletePayload,
    reply: SendReply,
    refusals: REFUSALS_OF_CHANGES,
    example: { payload: { ...change, clientMessageId: '7f3c-0003' }, reply: changed },
  },
  'message:react': {
    summary: 'React to a message',
    description:
      'Everyone has one reaction to a message at most: the newest counts, and one without an `emoji` takes it back. It is a ' +
      'message of kind `reaction` whose `text` is the emoji.',
    payload: ReactPayload,
    reply: SendReply,
    refusals: REFUSALS_OF_CHANGES,
    example: { payload: { ...change, clientMessageId: '7f3c-0004', emoji: '👍' }, reply: changed },
  },
  read: {
    summary: 'Say how far the user has read',
    description:
      'The marker only moves forward, and not beyond the newest message; `session:hello` gives it back. In direct ' +
      'conversations and groups the others hear of it in `receipts`.',
    payload: ReadPayload,
    reply: DoneReply,
    refusals: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { conversationId: 'lobby', seq: 1042 }, reply: { ok: true } },
  },
  delivered: {
    summary: 'Say what has arrived on this device',
    description:
      'For many conversations at once, now and then. The others hear of it in `receipts`; channels have none.',
    payload: DeliveredPayload,
    reply: DoneReply,
    refusals: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { cursors: [{ conversationId: 'c_tea', seq: 12 }] }, reply: { ok: true } },
  },
  typing: {
    summary: 'Say that the user is typing, or no longer',
    description: 'Holds for six seconds: say it again while it is so. In very large conversations nobody is told.',
    payload: TypingPayload,
    reply: DoneReply,
    refusals: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { conversationId: 'c_tea', isTyping: true }, reply: { ok: true } },
  },
  away: {
    summary: 'Say that nobody looks, or that somebody does again',
    description: 'Such as when the page is hidden. Shown to those who see whether the user is online.',
    payload: AwayPayload,
    reply: DoneReply,
    refusals: [],
    example: { payload: { isAway: true }, reply: { ok: true } },
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
      createdBy: 'u_ada',
      members: [
        { id: 'u_ada', username: 'ada', displayName: 'Ada', kind: 'account' },
        { id: 'u_bo', username: 'bo', displayName: 'Bo', kind: 'guest' },
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
  typing: {
    summary: 'Who is typing',
    description:
      'All who type in the conversation now, the receiver perhaps among them; empty when nobody does any more.',
    payload: TypingPacket,
    example: { conversationId: 'c_tea', userIds: ['u_bo'] },
  },
  receipts: {
    summary: 'Others have read or got messages',
    description:
      'Whose receipts moved, in direct conversations and groups. After a reconnect, `GET /api/conversations/:id/receipts` gives all.',
    payload: ReceiptsPacket,
    example: { conversationId: 'c_tea', readers: [{ userId: 'u_bo', readSeq: 11, deliveredSeq: 12 }] },
  },
  presence: {
    summary: 'Who is there',
    description:
      'After `session:hello` all people who share a direct conversation or group with the user, then those whose presence ' +
      'changed. A short interruption shows nothing. Of channels only the number of those who are online.',
    payload: PresencePacket,
    example: {
      changes: [
        { userId: 'u_bo', online: true, away: false, lastSeenAt: null },
        { userId: 'u_cy', online: false, lastSeenAt: createdAt },
      ],
      counts: [{ conversationId: 'lobby', online: 42 }],
    },
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
