import type { ClientMessageId, ConversationId, ErrorBody, MessageId } from '@parley/protocol';

/** A message of this user that is on its way. Plain data, which a storage keeps as it is. */
export interface OutboxMessage {
  readonly conversationId: ConversationId;
  readonly clientMessageId: ClientMessageId;
  readonly text: string;
  /** The message of the same conversation that it answers. */
  readonly replyTo?: MessageId;
  /** When it was written, by this machine's clock, ISO 8601. Never the same twice in an outbox: it gives the order. */
  readonly createdAt: string;
  /**
   * `sending`: tried until the server answers; `accepted`: in the log, kept here until it is in the history store;
   * `failed`: not sent, as `error` says, until it is tried again or given up.
   */
  readonly state: 'sending' | 'accepted' | 'failed';
  /** From acceptance on. */
  readonly seq?: number;
  readonly error?: ErrorBody;
  /** If the history has this message, it comes after this seq. Known before the first attempt. */
  readonly afterSeq?: number;
}

const encoder = new TextEncoder();

/** What a message counts for the bound of an outbox: its text in UTF-8. */
export const bytesOf = (text: string): number => encoder.encode(text).length;
