// Above 300 lines: it is one table, with an entry for every event of the contract.
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
  IdlePacket,
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

/** The documentation of a client event. The compiler binds its schemas to the typed event map. */
export interface ClientEventDocumentation<E extends ClientEvent = ClientEvent> {
  readonly summary: string;
  readonly description: string;
  readonly payload: z.ZodType<Parameters<ClientToServerEvents[E]>[0]>;
  /** The ack of success. */
  readonly reply: z.ZodType<Exclude<AckOf<E>, Refused>>;
  /** The codes of the ack of failure, apart from `ERRORS_OF_ALL_EVENTS`. */
  readonly errors: readonly ErrorCode[];
  readonly example: { readonly payload: unknown; readonly reply: unknown };
}

export interface ServerEventDocumentation<E extends ServerEvent = ServerEvent> {
  readonly summary: string;
  readonly description: string;
  readonly payload: z.ZodType<Parameters<ServerToClientEvents[E]>[0]>;
  readonly example: unknown;
}

/** The codes that the ack of any event can have. */
export const ERRORS_OF_ALL_EVENTS: readonly ErrorCode[] = [
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
const ERRORS_OF_CHANGES: readonly ErrorCode[] = ['NOT_FOUND', 'FORBIDDEN', 'CONFLICT', 'BUSY'];

export const CLIENT_EVENTS: { readonly [E in ClientEvent]: ClientEventDocumentation<E> } = {
  'session:hello': {
    summary: 'Start the session',
    description: 'Send it after each connect. The ack has the head of each conversation of the user.',
    payload: HelloPayload,
    reply: HelloReply,
    errors: [],
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
      'An acked message is never lost. Without an ack, send it again with the same `clientMessageId`: the server accepts ' +
      'it once and acks the repeat with `duplicate: true`. The id with other content is a `CONFLICT`. After `BUSY`, wait `retryAfterMs` before the next attempt.',
    payload: SendPayload,
    reply: SendReply,
    errors: ['NOT_FOUND', 'FORBIDDEN', 'CONFLICT', 'BUSY'],
    example: {
      payload: { conversationId: 'lobby', clientMessageId: '7f3c-0001', kind: 'text', text: 'Good morning!' },
      reply: { ok: true, message: { id: message.id, seq: message.seq, createdAt }, duplicate: false },
    },
  },
  'messages:since': {
    summary: 'Fetch missed messages',
    description:
      'Returns the messages after `afterSeq` for each cursor: oldest first, without a gap, at most `limit` of them. A request ' +
      'for many conversations may get fewer. Ask again from the last message while `hasMore` is true.',
    payload: SincePayload,
    reply: SinceReply,
    errors: ['NOT_FOUND', 'FORBIDDEN'],
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
      'Makes the user a member of a channel and delivers its live messages to this connection. Conversations that the ' +
      'user is already a member of need no join.',
    payload: JoinPayload,
    reply: JoinReply,
    errors: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { conversationId: 'c_gardening' }, reply: { ok: true, headSeq: 1042 } },
  },
  'message:edit': {
    summary: 'Edit a message',
    description:
      'Only the sender may edit a message. The edit is a message of kind `edit` with its own `seq`; its `replyTo` names the ' +
      'edited message. The newest edit counts. Without an ack, repeat it with the same `clientMessageId`.',
    payload: EditPayload,
    reply: SendReply,
    errors: ERRORS_OF_CHANGES,
    example: {
      payload: { ...change, clientMessageId: '7f3c-0002', text: 'Good morning, everyone!' },
      reply: changed,
    },
  },
  'message:delete': {
    summary: 'Delete a message',
    description:
      'The sender and the creator of the group or channel may delete a message. Members get a message of kind `delete`. The ' +
      'history keeps the deleted message without its text and attachment.',
    payload: DeletePayload,
    reply: SendReply,
    errors: ERRORS_OF_CHANGES,
    example: { payload: { ...change, clientMessageId: '7f3c-0003' }, reply: changed },
  },
  'message:react': {
    summary: 'React to a message',
    description:
      'A user has at most one reaction to a message. The newest counts; one without an `emoji` removes it. A reaction is a ' +
      'message of kind `reaction` whose `text` is the emoji.',
    payload: ReactPayload,
    reply: SendReply,
    errors: ERRORS_OF_CHANGES,
    example: { payload: { ...change, clientMessageId: '7f3c-0004', emoji: '👍' }, reply: changed },
  },
  read: {
    summary: 'Move the read marker',
    description:
      'The marker only moves forward, and never beyond the newest message. `session:hello` returns it. In direct ' +
      'conversations and groups the other members get it in `receipts`.',
    payload: ReadPayload,
    reply: DoneReply,
    errors: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { conversationId: 'lobby', seq: 1042 }, reply: { ok: true } },
  },
  delivered: {
    summary: 'Confirm received messages',
    description:
      'Covers many conversations in one event; send it periodically. The other members get it in `receipts`. Channels have no receipts.',
    payload: DeliveredPayload,
    reply: DoneReply,
    errors: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { cursors: [{ conversationId: 'c_tea', seq: 12 }] }, reply: { ok: true } },
  },
  typing: {
    summary: 'Report that the user is typing or has stopped typing',
    description:
      'Valid for six seconds: repeat it while the user is typing. Very large conversations do not show who is typing.',
    payload: TypingPayload,
    reply: DoneReply,
    errors: ['NOT_FOUND', 'FORBIDDEN'],
    example: { payload: { conversationId: 'c_tea', isTyping: true }, reply: { ok: true } },
  },
  away: {
    summary: 'Set or clear the away status',
    description: 'For example when the page is hidden. The contacts of the user get it in `presence`.',
    payload: AwayPayload,
    reply: DoneReply,
    errors: [],
    example: { payload: { isAway: true }, reply: { ok: true } },
  },
};

export const SERVER_EVENTS: { readonly [E in ServerEvent]: ServerEventDocumentation<E> } = {
  messages: {
    summary: 'New messages',
    description:
      'One packet has the messages of a conversation since the last packet. Delivery is at least once: `seq` gives order and ' +
      'uniqueness. If a `seq` is missing, emit `messages:since`.',
    payload: MessagesPacket,
    example: { conversationId: 'lobby', messages: [message] },
  },
  stored: {
    summary: 'Messages are in the history store',
    description:
      'All messages up to `seq` are stored. A client that keeps its messages until then loses none when Redis loses data.',
    payload: StoredPacket,
    example: { conversationId: 'lobby', seq: 1042, epoch: 'k3JxQ0aZb1Lw' },
  },
  conversation: {
    summary: 'A conversation is new or has changed',
    description: 'The user was added to the conversation, or its title or members changed.',
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
    summary: 'Heads of conversations',
    description:
      'Sent periodically for conversations with new messages. A client that is behind `headSeq` has missed packets and emits ' +
      '`messages:since`. A client that has another `epoch` drops its copy of the conversation and loads it again.',
    payload: HeadsPacket,
    example: [{ conversationId: 'lobby', headSeq: 1042, storedSeq: 1042, epoch: 'k3JxQ0aZb1Lw' }],
  },
  typing: {
    summary: 'Typing users',
    description: 'Users who are typing, possibly including the recipient. Empty when the last one has stopped.',
    payload: TypingPacket,
    example: { conversationId: 'c_tea', userIds: ['u_bo'] },
  },
  receipts: {
    summary: 'Members have read or received messages',
    description:
      'Receipts that changed, in direct conversations and groups. After a reconnect, `GET /api/conversations/:id/receipts` returns all.',
    payload: ReceiptsPacket,
    example: { conversationId: 'c_tea', readers: [{ userId: 'u_bo', readSeq: 11, deliveredSeq: 12 }] },
  },
  presence: {
    summary: 'Online users',
    description:
      'After `session:hello` all users who share a direct conversation or group with the user, then changes. A short ' +
      'interruption causes no change. Channels report only the number of online users.',
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
    summary: 'The server stops',
    description:
      'Reconnect at a random moment within `reconnectWithinMs`; the load balancer chooses another server. Then the server ' +
      'disconnects the remaining clients.',
    payload: DrainingPacket,
    example: { reconnectWithinMs: 1000 },
  },
  'session:idle': {
    summary: 'The session ends soon because it is idle',
    description:
      'Sent 30 s before the end, while others wait for a slot and this session is one of those without activity for longest. ' +
      'An accepted `message:*` event, `typing`, or a `read` that moves keeps the session. Otherwise `session:expired` with ' +
      '`IDLE` follows. If nobody waits any more at `endsAt`, the session continues.',
    payload: IdlePacket,
    example: { endsAt: createdAt },
  },
  'session:replaced': {
    summary: 'Another connection replaced the session',
    description:
      'The user continues on another connection. The server closes this one. Reconnect only if the user asks to.',
    payload: SessionEnd,
    example: { code: 'REPLACED', message: 'The session continues on another connection.' },
  },
  'session:expired': {
    summary: 'The session has ended',
    description:
      'The token expired (`UNAUTHENTICATED`), the client sent no valid event in time (`SILENT`), the user was idle while others ' +
      'waited for a slot (`IDLE`: reconnect only if the user asks to), the client did not read its packets (`SLOW`) or sent too ' +
      'many in one request (`PAYLOAD_TOO_LARGE`), or the server lost the session slot (`LOST`). The server closes the connection.',
    payload: SessionEnd,
    example: { code: 'UNAUTHENTICATED', message: 'The access token has expired. Refresh it and reconnect.' },
  },
};
