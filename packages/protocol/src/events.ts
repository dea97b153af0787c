// Above 300 lines: it is one list, with the payload and the reply of every event.
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

/** Handshake `auth`. Unknown fields are ignored, so newer clients can connect to older servers. */
export const Handshake = z
  .object({
    token: z.string().min(1).max(4_096).meta({ description: 'The access token' }),
    deviceId: z
      .string()
      .min(1)
      .max(128)
      .nullish()
      .meta({ description: 'A second connection with the same deviceId is a reconnect' }),
    takeover: z.boolean().nullish().meta({ description: 'Replaces the session of another device' }),
    attempt: z.int().min(0).nullish().meta({
      description:
        'Increases with each attempt of a deviceId. A late attempt that the client gave up replaces no newer session',
    }),
    waitTicket: z.string().min(1).max(128).nullish().meta({ description: 'From the last SERVER_FULL error' }),
  })
  .meta({ id: 'Handshake' });
export type Handshake = z.infer<typeof Handshake>;

/** Bounds the cache: names are compared without case, so a client could send very many spellings of one name. */
const MAX_KNOWN_TIMEZONES = 2_000;

/** Caches valid names, because one lookup takes half a millisecond. */
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
    timezone: z
      .string()
      .min(1)
      .max(64)
      .refine(isTimezone, 'must be an IANA time zone')
      .meta({ example: 'Europe/Berlin' }),
  })
  .meta({ id: 'HelloPayload' });
export type HelloPayload = z.infer<typeof HelloPayload>;

export const Session = z
  .object({
    userId: UserId,
    node: z.string().meta({ description: 'The chat server that holds the session' }),
    startedAt: IsoTime,
    expiresAt: IsoTime.meta({ description: 'The session ends at this time unless the token is refreshed before then' }),
    timezone: z.string(),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

const StoredSeq = SeqCursor.meta({ description: 'All messages up to this seq are in the history store' });

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
      .meta({ description: 'The clientMessageId was used before; `message` is the first message with it' }),
  })
  .meta({ id: 'SendReply' });
export type SendReply = z.infer<typeof SendReply>;

export const SincePayload = z
  .object({
    cursors: z
      .array(z.object({ conversationId: ConversationId, afterSeq: SeqCursor }))
      .min(1)
      .max(MAX_CURSORS)
      .refine(
        (cursors) => new Set(cursors.map(({ conversationId }) => conversationId)).size === cursors.length,
        'must not name a conversation twice',
      )
      .meta({ description: 'Each conversation at most once' }),
    limit: z
      .int()
      .min(1)
      .max(MAX_PAGE_MESSAGES)
      .default(MAX_PAGE_MESSAGES)
      .meta({ description: 'Messages per conversation' }),
  })
  .meta({ id: 'SincePayload' });
export type SincePayload = z.input<typeof SincePayload>;

export const SinceReply = z
  .object({
    ok: z.literal(true),
    conversations: z.array(MessagePage.extend({ conversationId: ConversationId })).meta({
      description:
        'In any order. The reply has at most 1 MiB. A conversation for which it has no room has no messages, and `hasMore`',
    }),
    refused: z
      .array(ErrorBody.extend({ conversationId: ConversationId }))
      .optional()
      .meta({
        description: 'Conversations that the caller may not read. If there are no others, the whole event fails',
      }),
  })
  .meta({ id: 'SinceReply' });
export type SinceReply = z.infer<typeof SinceReply>;

export const JoinPayload = z.object({ conversationId: ConversationId }).meta({ id: 'JoinPayload' });
export type JoinPayload = z.infer<typeof JoinPayload>;
export const JoinReply = z.object({ ok: z.literal(true), headSeq: SeqCursor }).meta({ id: 'JoinReply' });
export type JoinReply = z.infer<typeof JoinReply>;

export const ReadPayload = z
  .object({
    conversationId: ConversationId,
    seq: Seq.meta({ description: 'The user has read everything up to this seq' }),
  })
  .meta({ id: 'ReadPayload' });
export type ReadPayload = z.infer<typeof ReadPayload>;

/** The ack of an event that returns no data. */
export const DoneReply = z.object({ ok: z.literal(true) }).meta({ id: 'DoneReply' });
export type DoneReply = z.infer<typeof DoneReply>;

export const DeliveredPayload = z
  .object({
    cursors: z
      .array(z.object({ conversationId: ConversationId, seq: Seq }))
      .min(1)
      .max(MAX_CURSORS)
      .meta({ description: 'This device has received everything up to these seqs' }),
  })
  .meta({ id: 'DeliveredPayload' });
export type DeliveredPayload = z.infer<typeof DeliveredPayload>;

export const TypingPayload = z
  .object({
    conversationId: ConversationId,
    isTyping: z.boolean().meta({ description: 'Repeat it every few seconds while the user is typing' }),
  })
  .meta({ id: 'TypingPayload' });
export type TypingPayload = z.infer<typeof TypingPayload>;

export const AwayPayload = z
  .object({ isAway: z.boolean().meta({ description: 'Connected, but not looking at the page' }) })
  .meta({ id: 'AwayPayload' });
export type AwayPayload = z.infer<typeof AwayPayload>;

export const MessagesPacket = z
  .object({ conversationId: ConversationId, messages: z.array(Message) })
  .meta({ id: 'MessagesPacket', description: 'The messages of a conversation since the last packet; may repeat' });
export type MessagesPacket = z.infer<typeof MessagesPacket>;

export const StoredPacket = z
  .object({ conversationId: ConversationId, seq: Seq, epoch: Epoch })
  .meta({ id: 'StoredPacket', description: 'All messages up to seq are in the history store' });
export type StoredPacket = z.infer<typeof StoredPacket>;

export const HeadsPacket = z
  .array(z.object({ conversationId: ConversationId, headSeq: SeqCursor, storedSeq: StoredSeq, epoch: Epoch }))
  .meta({
    id: 'HeadsPacket',
    description: 'Sent periodically, so an idle client notices a gap',
  });
export type HeadsPacket = z.infer<typeof HeadsPacket>;

/** The most users in one `typing` packet. */
export const MAX_TYPING = 5;

export const TypingPacket = z
  .object({ conversationId: ConversationId, userIds: z.array(UserId).max(MAX_TYPING) })
  .meta({
    id: 'TypingPacket',
    description: 'Users who are typing, possibly including the recipient. Valid for a few seconds',
  });
export type TypingPacket = z.infer<typeof TypingPacket>;

export const Receipt = z
  .object({
    userId: UserId,
    readSeq: SeqCursor.meta({ description: 'The user has read everything up to this seq' }),
    deliveredSeq: SeqCursor.meta({ description: 'A device of the user has received everything up to this seq' }),
  })
  .meta({ id: 'Receipt' });
export type Receipt = z.infer<typeof Receipt>;

export const ReceiptsPacket = z.object({ conversationId: ConversationId, readers: z.array(Receipt) }).meta({
  id: 'ReceiptsPacket',
  description: 'Receipts that changed in a direct conversation or group. Channels have none',
});
export type ReceiptsPacket = z.infer<typeof ReceiptsPacket>;

export const ReceiptList = z.object({ readers: z.array(Receipt) }).meta({ id: 'ReceiptList' });
export type ReceiptList = z.infer<typeof ReceiptList>;

export const PresenceChange = z
  .object({
    userId: UserId,
    online: z.boolean(),
    away: z.boolean().optional().meta({ description: 'Online, but not looking at the page' }),
    lastSeenAt: IsoTime.nullable().meta({ description: 'null: online now, or never online' }),
  })
  .meta({ id: 'PresenceChange' });
export type PresenceChange = z.infer<typeof PresenceChange>;

export const PresencePacket = z
  .object({
    changes: z.array(PresenceChange),
    counts: z
      .array(z.object({ conversationId: ConversationId, online: z.int().min(0) }))
      .optional()
      .meta({ description: 'The number of online users by channel. Channels name no users' }),
  })
  .meta({
    id: 'PresencePacket',
    description:
      'Users who share a direct conversation or group with the recipient: all after `session:hello`, then changes',
  });
export type PresencePacket = z.infer<typeof PresencePacket>;

export const DrainingPacket = z.object({ reconnectWithinMs: z.int().min(0) }).meta({
  id: 'DrainingPacket',
  description: 'The server stops: reconnect at a random moment within this time',
});
export type DrainingPacket = z.infer<typeof DrainingPacket>;

export const SessionEnd = z
  .object({ code: z.string(), message: z.string() })
  .meta({ id: 'SessionEnd', description: 'The reason why the session ends' });
export type SessionEnd = z.infer<typeof SessionEnd>;

export const IdlePacket = z
  .object({ endsAt: IsoTime.meta({ description: 'When the session ends, unless the user is active before' }) })
  .meta({
    id: 'IdlePacket',
    description: 'The session ends soon, because the user was inactive for too long while others wait for a slot',
  });
export type IdlePacket = z.infer<typeof IdlePacket>;

export type Ack<T> = (reply: T | Refused) => void;

/** The events that a client emits, each with an ack. */
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

/** The events that a server emits. */
export interface ServerToClientEvents {
  messages: (packet: MessagesPacket) => void;
  stored: (packet: StoredPacket) => void;
  conversation: (conversation: Conversation) => void;
  heads: (packet: HeadsPacket) => void;
  typing: (packet: TypingPacket) => void;
  receipts: (packet: ReceiptsPacket) => void;
  presence: (packet: PresencePacket) => void;
  'session:idle': (packet: IdlePacket) => void;
  'session:replaced': (end: SessionEnd) => void;
  'session:expired': (end: SessionEnd) => void;
  'server:draining': (packet: DrainingPacket) => void;
}
