import { z } from 'zod';
import type { Conversation } from './conversation.ts';
import { ErrorBody, type Refused } from './errors.ts';
import { ConversationId, MessageId, Seq, SeqCursor, UserId } from './ids.ts';
import { IsoTime, Message, type SendPayload } from './message.ts';
import { Epoch, MAX_PAGE_MESSAGES, MessagePage } from './rest.ts';

/** Handshake `auth`. Unknown fields are ignored, so that newer clients reach older servers. */
export const Handshake = z
  .object({
    token: z.string().min(1).max(4_096).meta({ description: 'The access token' }),
    deviceId: z.string().min(1).max(128).optional().meta({ description: 'The same one again is a reconnect' }),
    takeover: z.boolean().optional().meta({ description: 'End the session elsewhere and continue here' }),
    attempt: z.int().min(0).optional().meta({
      description:
        'Higher with each attempt of the same deviceId: one that was given up and comes late replaces nothing',
    }),
    waitTicket: z.string().min(1).max(128).optional().meta({ description: 'From the last SERVER_FULL' }),
  })
  .meta({ id: 'Handshake' });
export type Handshake = z.infer<typeof Handshake>;

/** Their names may be written in upper and lower case, which a client could do in very many ways. */
const MAX_KNOWN_TIMEZONES = 2_000;

/** Those that were asked for and exist: looking one up takes half a millisecond, and there are some hundred. */
const knownTimezones = new Set<string>();

const isTimezone = (name: string) => {
  if (knownTimezones.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    if (knownTimezones.size < MAX_KNOWN_TIMEZONES) knownTimezones.add(name);
    return true;
  } catch {
    return false;
  }
};

export const HelloPayload = z
  .object({
    timezone: z.string().min(1).max(64).refine(isTimezone, 'not an IANA time zone').meta({ example: 'Europe/Berlin' }),
  })
  .meta({ id: 'HelloPayload' });
export type HelloPayload = z.infer<typeof HelloPayload>;

export const Session = z
  .object({
    userId: UserId,
    node: z.string().meta({ description: 'The chat server that holds the session' }),
    startedAt: IsoTime,
    expiresAt: IsoTime.meta({ description: 'The session ends then unless the token is refreshed before' }),
    timezone: z.string(),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

const StoredSeq = SeqCursor.meta({ description: 'Everything up to here is in the history store' });

export const Head = z
  .object({
    conversationId: ConversationId,
    headSeq: SeqCursor,
    storedSeq: StoredSeq,
    readSeq: SeqCursor,
    epoch: Epoch,
  })
  .meta({ id: 'Head' });
export type Head = z.infer<typeof Head>;

export const HelloReply = z
  .object({ ok: z.literal(true), session: Session, heads: z.array(Head) })
  .meta({ id: 'HelloReply' });
export type HelloReply = z.infer<typeof HelloReply>;

export const SendReply = z
  .object({
    ok: z.literal(true),
    message: z.object({ id: MessageId, seq: Seq, createdAt: IsoTime }),
    duplicate: z
      .boolean()
      .meta({ description: 'This clientMessageId was accepted before; `message` is the first one' }),
  })
  .meta({ id: 'SendReply' });
export type SendReply = z.infer<typeof SendReply>;

/** How many conversations one `messages:since` may ask for. */
export const MAX_CURSORS = 200;

export const SincePayload = z
  .object({
    cursors: z
      .array(z.object({ conversationId: ConversationId, afterSeq: SeqCursor }))
      .min(1)
      .max(MAX_CURSORS),
    limit: z
      .int()
      .min(1)
      .max(MAX_PAGE_MESSAGES)
      .default(MAX_PAGE_MESSAGES)
      .meta({ description: 'For each conversation' }),
  })
  .meta({ id: 'SincePayload' });
export type SincePayload = z.input<typeof SincePayload>;

export const SinceReply = z
  .object({
    ok: z.literal(true),
    conversations: z.array(MessagePage.extend({ conversationId: ConversationId })),
    refused: z
      .array(ErrorBody.extend({ conversationId: ConversationId }))
      .optional()
      .meta({
        description: 'Those of several that the caller may not read; when it is all of them, the whole call is refused',
      }),
  })
  .meta({ id: 'SinceReply' });
export type SinceReply = z.infer<typeof SinceReply>;

export const JoinPayload = z.object({ conversationId: ConversationId }).meta({ id: 'JoinPayload' });
export type JoinPayload = z.infer<typeof JoinPayload>;
export const JoinReply = z.object({ ok: z.literal(true), headSeq: SeqCursor }).meta({ id: 'JoinReply' });
export type JoinReply = z.infer<typeof JoinReply>;

export const ReadPayload = z
  .object({ conversationId: ConversationId, seq: Seq.meta({ description: 'Everything up to here was read' }) })
  .meta({ id: 'ReadPayload' });
export type ReadPayload = z.infer<typeof ReadPayload>;
export const ReadReply = z.object({ ok: z.literal(true) }).meta({ id: 'ReadReply' });
export type ReadReply = z.infer<typeof ReadReply>;

export const MessagesPacket = z
  .object({ conversationId: ConversationId, messages: z.array(Message) })
  .meta({ id: 'MessagesPacket', description: 'All that gathered in a conversation since the last packet; may repeat' });
export type MessagesPacket = z.infer<typeof MessagesPacket>;

export const StoredPacket = z
  .object({ conversationId: ConversationId, seq: Seq, epoch: Epoch })
  .meta({ id: 'StoredPacket', description: 'Everything up to seq is in the history store' });
export type StoredPacket = z.infer<typeof StoredPacket>;

export const HeadsPacket = z
  .array(z.object({ conversationId: ConversationId, headSeq: SeqCursor, storedSeq: StoredSeq, epoch: Epoch }))
  .meta({
    id: 'HeadsPacket',
    description: 'Now and then: how far conversations are, so that an idle client sees a gap',
  });
export type HeadsPacket = z.infer<typeof HeadsPacket>;

export const DrainingPacket = z.object({ reconnectWithinMs: z.int().min(0) }).meta({
  id: 'DrainingPacket',
  description: 'This server stops: reconnect elsewhere at a random moment within that time',
});
export type DrainingPacket = z.infer<typeof DrainingPacket>;

export const SessionEnd = z
  .object({ code: z.string(), message: z.string() })
  .meta({ id: 'SessionEnd', description: 'Why this session ends' });
export type SessionEnd = z.infer<typeof SessionEnd>;

export type Ack<T> = (reply: T | Refused) => void;

/** What a client may emit, each with an ack. */
export interface ClientToServerEvents {
  'session:hello': (payload: HelloPayload, ack: Ack<HelloReply>) => void;
  'message:send': (payload: SendPayload, ack: Ack<SendReply>) => void;
  'messages:since': (payload: SincePayload, ack: Ack<SinceReply>) => void;
  'conversation:join': (payload: JoinPayload, ack: Ack<JoinReply>) => void;
  read: (payload: ReadPayload, ack: Ack<ReadReply>) => void;
}

/** What a server emits. */
export interface ServerToClientEvents {
  messages: (packet: MessagesPacket) => void;
  stored: (packet: StoredPacket) => void;
  conversation: (conversation: Conversation) => void;
  heads: (packet: HeadsPacket) => void;
  'session:replaced': (end: SessionEnd) => void;
  'session:expired': (end: SessionEnd) => void;
  'server:draining': (packet: DrainingPacket) => void;
}
