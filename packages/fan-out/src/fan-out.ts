import type { ConversationId } from '@parley/protocol';

/** Messages of one conversation, in the form in which clients get them. */
export interface FanOutMessages {
  readonly kind: 'messages';
  readonly conversationId: ConversationId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The messages as JSON, separated by commas: encoded once for the whole cluster, never read on the way. */
  readonly json: string;
}

/** Up to where a conversation is in the history store. */
export interface FanOutStored {
  readonly kind: 'stored';
  readonly conversationId: ConversationId;
  readonly seq: number;
  readonly epoch: string;
}

/** How many people of a channel are online. */
export interface FanOutCount {
  readonly kind: 'count';
  readonly conversationId: ConversationId;
  readonly online: number;
}

/** What workers and presence services tell the sessions of a conversation, through every chat server. */
export type FanOutItem = FanOutMessages | FanOutStored | FanOutCount;
