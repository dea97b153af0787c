import { z } from 'zod';
import { MAX_CURSORS, MAX_PAGE_MESSAGES } from './constants.ts';
import type { Conversation } from './conversation.ts';
import { ErrorBody, type Refused } from './errors.ts';
import { ConversationId, MessageId, Seq, SeqCursor, UserId } from './ids.ts';
import {
  type DeletePayload,
  type EditPayload,
  IsoTime,
  Message,
  type ReactPayload,
  type SendPayload,
} from './message.ts';
import { Epoch, MessagePage } from './rest.ts';

/** Handshake `auth`. Unknown fields are ignored, so that newer clients reach older servers. */
export const Handshake = z
  .object({
    token: z.string().min(1).max(4_096).meta({ description: 'The access token' }),
    deviceId: z.string().min(1).max(128).nullish().meta({ description: 'The same one again is a reconnect' }),
    takeover: z.boolean().nullish().meta({ description: 'End the session elsewhere and continue here' }),
    attempt: z.int().min(0).nullish().meta({
      description:
        'Higher with each attempt of the same deviceId: one that was given up and comes late replaces nothing',
    }),
    waitTicket: z.string().min(1).max(128).nullish().meta({ description: 'From the last SERVER_FULL' }),
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

/** What has nothing to say but that it was done. */
export const DoneReply = z.object({ ok: z.literal(true) }).meta({ id: 'DoneReply' });
export type DoneReply = z.infer<typeof DoneReply>;

export const DeliveredPayload = z
  .object({
    cursors: z
      .array(z.object({ conversationId: ConversationId, seq: Seq }))
      .min(1)
      .max(MAX_CURSORS)
      .meta({ description: 'Everything up to there has arrived on this device' }),
  })
  .meta({ id: 'DeliveredPayload' });
export type DeliveredPayload = z.infer<typeof DeliveredPayload>;

export const TypingPayload = z
  .object({
    conversationId: ConversationId,
    isTyping: z.boolean().meta({ description: 'Said again every few seconds while it holds' }),
  })
  .meta({ id: 'TypingPayload' });
export type TypingPayload = z.infer<typeof TypingPayload>;

export const AwayPayload = z
  .object({ isAway: z.boolean().meta({ description: 'Connected, but nobody looks' }) })
  .meta({ id: 'AwayPayload' });
export type AwayPayload = z.infer<typeof AwayPayload>;

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

/** How many people a `typing` packet names at most. */
export const MAX_TYPING = 5;

export const TypingPacket = z
  .object({ conversationId: ConversationId, userIds: z.array(UserId).max(MAX_TYPING) })
  .meta({
    id: 'TypingPacket',
    description: 'Who is typing now, the receiver perhaps among them; holds for a few seconds unless it is said again',
  });
export type TypingPacket = z.infer<typeof TypingPacket>;

export const Receipt = z
  .object({
    userId: UserId,
    readSeq: SeqCursor.meta({ description: 'Has read everything up to here' }),
    deliveredSeq: SeqCursor.meta({ description: 'Everything up to here has arrived on a device of theirs' }),
  })
  .meta({ id: 'Receipt' });
export type Receipt = z.infer<typeof Receipt>;

export const ReceiptsPacket = z.object({ conversationId: ConversationId, readers: z.array(Receipt) }).meta({
  id: 'ReceiptsPacket',
  description: 'Whose receipts moved in a direct conversation or group; none in channels',
});
export type ReceiptsPacket = z.infer<typeof ReceiptsPacket>;

export const ReceiptList = z.object({ readers: z.array(Receipt) }).meta({ id: 'ReceiptList' });
export type ReceiptList = z.infer<typeof ReceiptList>;

export const PresenceChange = z
  .object({
    userId: UserId,
    online: z.boolean(),
    away: z.boolean().optional().meta({ description: 'Online, but nobody looks' }),
    lastSeenAt: IsoTime.nullable().meta({ description: 'null: online now, or never seen' }),
  })
  .meta({ id: 'PresenceChange' });
export type PresenceChange = z.infer<typeof PresenceChange>;

export const PresencePacket = z
  .object({
    changes: z.array(PresenceChange),
    counts: z
      .array(z.object({ conversationId: ConversationId, online: z.int().min(0) }))
      .optional()
      .meta({ description: 'How many are online in channels, where nobody is named' }),
  })
  .meta({
    id: 'PresencePacket',
    description:
      'People who share a direct conversation or group with the receiver: all of them after `session:hello`, then what changed',
  });
export type PresencePacket = z.infer<typeof PresencePacket>;

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
  'message:edit': (payload: EditPayload, ack: Ack<SendReply>) => void;
  'message:delete': (payload: DeletePayload, ack: Ack<SendReply>) => void;
  'message:react': (payload: ReactPayload, ack: Ack<SendReply>) => void;
  read: (payload: ReadPayload, ack: Ack<DoneReply>) => void;
  delivered: (payload: DeliveredPayload, ack: Ack<DoneReply>) => void;
  typing: (payload: TypingPayload, ack: Ack<DoneReply>) => void;
  away: (payload: AwayPayload, ack: Ack<DoneReply>) => void;
}

/** What a server emits. */
export interface ServerToClientEvents {
  messages: (packet: MessagesPacket) => void;
  stored: (packet: StoredPacket) => void;
  conversation: (conversation: Conversation) => void;
  heads: (packet: HeadsPacket) => void;
  typing: (packet: TypingPacket) => void;
  receipts: (packet: ReceiptsPacket) => void;
  presence: (packet: PresencePacket) => void;
  'session:replaced': (end: SessionEnd) => void;
  'session:expired': (end: SessionEnd) => void;
  'server:draining': (packet: DrainingPacket) => void;
}
