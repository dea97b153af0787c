import type { ConversationId } from './ids.ts';
import type { Message } from './message.ts';

/** A message with its `seq`, as the log and the store hold it. */
export interface MessageRecord extends Readonly<Omit<Message, 'createdAt'>> {
  readonly conversationId: ConversationId;
  /** Unix milliseconds. */
  readonly createdAtMs: number;
}

/** Converts a record to the form for clients. The surrounding packet or page names the conversation. */
export function toWireMessage(message: MessageRecord): Message {
  const { conversationId: _, createdAtMs, ...rest } = message;
  return { ...rest, createdAt: new Date(createdAtMs).toISOString() };
}
