import type {
  Conversation,
  ConversationId,
  Message,
  MessagePage,
  Refused,
  SincePayload,
  SinceReply,
  UserId,
} from '@parley/protocol';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import type { PageRange } from '../rest-client.ts';
import type { ChatSnapshot } from './chat-snapshot.ts';

/** What the threads need, and whom they tell. */
export interface ConversationsOptions {
  readonly myId: UserId;
  readonly fetchPage: (conversationId: ConversationId, range: PageRange) => Promise<MessagePage>;
  readonly fetchSince: (payload: SincePayload) => Promise<SinceReply | Refused>;
  readonly outgoing: (conversationId: ConversationId) => readonly OutboxMessage[];
  /** Messages that were not known before, whichever way they came. */
  readonly onMessages: (conversationId: ConversationId, messages: readonly Message[]) => void;
  /** Those of them that are newer than what was known. */
  readonly onArrived: (conversation: Conversation, messages: readonly Message[]) => void;
  readonly onOpen: (conversation: Conversation) => void;
  /** The user has read everything up to there; may repeat. */
  readonly onRead: (conversationId: ConversationId, seq: number) => void;
  /** Everything up to there is in the history store. */
  readonly onStored: (conversationId: ConversationId, seq: number) => void;
  /** Conversations that the user may not read any more. */
  readonly onRefused: () => void;
  /** What was known of the conversation does not hold any more. */
  readonly onEpochChange: (conversationId: ConversationId) => void;
  readonly onChange: (change: Partial<Pick<ChatSnapshot, 'conversations' | 'views'>>) => void;
}
