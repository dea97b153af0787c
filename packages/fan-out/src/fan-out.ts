import type { ConversationId } from '@parley/protocol';

/** Messages of one conversation, in the form that clients receive. */
export interface FanOutMessages {
  readonly kind: 'messages';
  readonly conversationId: ConversationId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The messages as JSON, separated by commas. Encoded once for the whole cluster and forwarded without decoding. */
  readonly json: string;
}

/** The committed offset of a conversation: the history store has every message up to `seq`. */
export interface FanOutStored {
  readonly kind: 'stored';
  readonly conversationId: ConversationId;
  readonly seq: number;
  readonly epoch: string;
}

/** The number of online users in a channel. */
export interface FanOutCount {
  readonly kind: 'count';
  readonly conversationId: ConversationId;
  readonly online: number;
}

/** An event for all sessions in a conversation, which every chat server delivers to its own clients. */
export type FanOutItem = FanOutMessages | FanOutStored | FanOutCount;
