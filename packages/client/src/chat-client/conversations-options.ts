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

/** Dependencies and callbacks of `Conversations`. */
export interface ConversationsOptions {
  readonly myId: UserId;
  /** The number of messages to keep loaded in each conversation. */
  readonly maxMessages: number;
  readonly fetchPage: (conversationId: ConversationId, range: PageRange) => Promise<MessagePage>;
  readonly fetchSince: (payload: SincePayload) => Promise<SinceReply | Refused>;
  readonly outgoing: (conversationId: ConversationId) => readonly OutboxMessage[];
  /** Called with messages that were not loaded before, both newer and older ones. Includes placeholders of the cluster. */
  readonly onMessages: (conversationId: ConversationId, messages: readonly Message[]) => void;
  /** Called with the newer ones only. */
  readonly onArrived: (conversation: Conversation, messages: readonly Message[]) => void;
  readonly onOpen: (conversation: Conversation) => void;
  /** Called when the user has read everything up to `seq`; may repeat. */
  readonly onRead: (conversationId: ConversationId, seq: number) => void;
  /** Called when everything up to `seq` is in the history store. */
  readonly onStored: (conversationId: ConversationId, seq: number) => void;
  /** Called when the server refused to return a conversation because the user is no longer a member. */
  readonly onRefused: () => void;
  /** Called when a conversation is no longer in the list. */
  readonly onRemoved: (conversationId: ConversationId) => void;
  /** Called when the messages of a conversation belong to a new epoch. */
  readonly onEpochChange: (conversationId: ConversationId) => void;
  readonly onChange: (change: Partial<Pick<ChatSnapshot, 'conversations' | 'views'>>) => void;
}
