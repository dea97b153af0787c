import type { ClientMessageId, ConversationId, ErrorBody, MessageId } from '@parley/protocol';

/** An outgoing message. Plain data, which a storage can save without conversion. */
export interface OutboxMessage {
  readonly conversationId: ConversationId;
  readonly clientMessageId: ClientMessageId;
  readonly text: string;
  /** The message of the same conversation that this one replies to. */
  readonly replyTo?: MessageId;
  /** Time of writing on the local clock, ISO 8601. Unique within an outbox, whose messages are sorted by it. */
  readonly createdAt: string;
  /**
   * `sending`: retried until the server answers. `accepted`: in the log, kept until it is in the history store. `failed`: not
   * sent because of `error`, until the user retries or discards it.
   */
  readonly state: 'sending' | 'accepted' | 'failed';
  /** Set when the message is accepted. */
  readonly seq?: number;
  readonly error?: ErrorBody;
  /** If the history contains this message, its seq is larger than this one. Set before the first attempt. */
  readonly afterSeq?: number;
}

const encoder = new TextEncoder();

/** Returns the size of a text in UTF-8, which counts towards the limit of the outbox. */
export const bytesOf = (text: string): number => encoder.encode(text).length;
