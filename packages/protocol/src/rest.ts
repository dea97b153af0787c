// cspell:ignore passport
import { z } from 'zod';
import { MAX_LISTED_CONVERSATIONS, MAX_PAGE_MESSAGES } from './constants.ts';
import { Conversation, User } from './conversation.ts';
import { ConversationId, MessageId, SeqCursor, UserId } from './ids.ts';
import { IsoTime, Message } from './message.ts';
import { DisplayName } from './text.ts';

export const DEFAULT_PAGE_MESSAGES = 50;

/** A login name. Comparison is in NFKC without case; the original spelling is kept. */
export const Username = z
  .string()
  .min(2)
  .max(64)
  .refine(
    (name) => /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]*$/u.test(name),
    'must consist of letters, digits, ".", "_" and "-"',
  )
  .meta({ description: '2 to 64 letters, digits, ".", "_" or "-"', example: 'ada' });

/** NIST SP 800-63B: a minimum length and no composition rules. The upper bound limits the cost of hashing. */
export const Password = z
  .string()
  .min(8, 'at least 8 characters')
  .max(256, 'at most 256 characters')
  .meta({ description: '8 to 256 characters', example: 'correct horse battery' });

export const RegisterPayload = z
  .object({ username: Username, password: Password, displayName: DisplayName.optional() })
  .meta({ id: 'RegisterPayload' });
export const LoginPayload = z
  .object({ username: z.string().min(1).max(256), password: z.string().min(1).max(256) })
  .meta({ id: 'LoginPayload' });
export const GuestPayload = z.object({ displayName: DisplayName }).meta({ id: 'GuestPayload' });

export const SignedIn = z
  .object({
    user: User,
    accessToken: z.string().meta({
      description: 'A JWT: the bearer token of REST calls and `auth.token` of the handshake. Valid until `expiresAt`',
    }),
    expiresAt: IsoTime,
  })
  .meta({ id: 'SignedIn', description: 'Sent together with an httpOnly refresh cookie' });
export type SignedIn = z.infer<typeof SignedIn>;

/** The most users in one request by id. */
export const MAX_USER_IDS = 100;

export const UsersQuery = z.object({
  query: z.string().max(64).default('').meta({ description: 'The start of a username or of a word of a display name' }),
  ids: z
    .string()
    .transform((list) => list.split(','))
    .pipe(z.array(UserId).max(MAX_USER_IDS))
    .optional()
    .meta({ description: `Replaces the search: up to ${MAX_USER_IDS} user ids, separated by commas` }),
});
export const UserList = z.object({ users: z.array(User) }).meta({ id: 'UserList' });

/** A position in the list of conversations: the activity and the id of the conversation before it. */
export const ListCursor = z
  .string()
  .regex(/^\d{1,16}\.[A-Za-z0-9_-]{1,64}$/, 'must be the nextCursor of a page')
  .meta({ description: '`nextCursor` of the page before' });

export const ConversationList = z
  .object({
    conversations: z.array(Conversation).meta({
      description: 'The lobby, then the newest activity first. A page with large groups has fewer than `limit`',
    }),
    nextCursor: ListCursor.nullable().meta({ description: '`cursor` of the next page. null: this is the last page' }),
  })
  .meta({ id: 'ConversationList' });
export type ConversationList = z.infer<typeof ConversationList>;

/** A whole number in a query string. */
const queryInteger = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));

export const ConversationsQuery = z.object({
  limit: queryInteger(1, MAX_LISTED_CONVERSATIONS).default(MAX_LISTED_CONVERSATIONS),
  cursor: ListCursor.optional(),
});
export type ConversationsQuery = z.infer<typeof ConversationsQuery>;

export const PageQuery = z.object({
  before: queryInteger(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Returns the newest messages with a smaller seq' }),
  after: queryInteger(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Returns the oldest messages with a larger seq' }),
  limit: queryInteger(1, MAX_PAGE_MESSAGES).default(DEFAULT_PAGE_MESSAGES),
});
export type PageQuery = z.infer<typeof PageQuery>;

/**
 * The period in which the seqs of a conversation are valid. It changes when Redis may have lost messages that were acked but not
 * stored. A client that sees a new epoch drops its copy of the conversation and loads it again.
 */
export const Epoch = z
  .string()
  .max(32)
  .meta({ description: 'Changes when messages that were not stored may have been lost' });

export const MessagePage = z
  .object({
    messages: z.array(Message).meta({ description: 'Oldest first, seq without a gap' }),
    headSeq: SeqCursor,
    epoch: Epoch,
    hasMore: z.boolean().meta({
      description: 'Whether more messages follow in the direction of the page: older ones, or newer ones with `after`',
    }),
  })
  .meta({ id: 'MessagePage' });
export type MessagePage = z.infer<typeof MessagePage>;

/** A full-text query: each word matches the start of a word of the message, in any script. */
export const SearchQuery = z.object({
  q: z
    .string()
    .trim()
    .min(1)
    .max(256)
    .meta({ description: 'Words or starts of words. A message must match all of them' }),
  conversationId: ConversationId.optional().meta({ description: 'Limits the search to this conversation' }),
  before: MessageId.optional().meta({ description: 'Returns hits older than this message: the next page' }),
  limit: queryInteger(1, MAX_PAGE_MESSAGES).default(DEFAULT_PAGE_MESSAGES),
});
export type SearchQuery = z.infer<typeof SearchQuery>;

export const SearchPage = z
  .object({
    messages: z
      .array(Message.extend({ conversationId: ConversationId }))
      .meta({ description: 'Newest first. An edited message has its newest text' }),
    hasMore: z.boolean(),
  })
  .meta({ id: 'SearchPage' });
export type SearchPage = z.infer<typeof SearchPage>;

const TraceStep = z.object({ at: IsoTime, by: z.string().meta({ description: 'The process that did it' }) });

/** The life of one message. Each step's time and process name come from the process that recorded it. */
export const MessageTrace = z
  .object({
    id: MessageId,
    conversationId: ConversationId,
    seq: SeqCursor,
    appended: TraceStep.meta({ description: 'When the message was appended to the log, and by which chat server' }),
    published: TraceStep.nullable().meta({ description: 'null: not recorded yet' }),
    stored: TraceStep.nullable().meta({ description: 'null: not stored yet. Otherwise the start of the bulk write' }),
    delivered: z
      .array(TraceStep.extend({ sessions: z.int().min(1) }))
      .meta({ description: 'Chat servers that sent it to their sessions. Servers forget this after a while' }),
    read: z
      .array(z.object({ userId: UserId, by: IsoTime.meta({ description: 'The user had read it by this time' }) }))
      .meta({ description: 'Empty in a channel' }),
  })
  .meta({ id: 'MessageTrace', description: 'When and where each step of one message happened' });
export type MessageTrace = z.infer<typeof MessageTrace>;

/** The body of the deprecated route `/api/messages/:id/passport`: a trace whose first step is called `accepted`. */
export const LegacyMessageTrace = MessageTrace.omit({ appended: true })
  .extend({ accepted: TraceStep })
  .meta({ id: 'Passport', description: 'The former shape of MessageTrace', deprecated: true });
export type LegacyMessageTrace = z.infer<typeof LegacyMessageTrace>;
