import type { ConversationId } from './ids.ts';
import type { Message } from './message.ts';

/** A message once it has its place: the form in which the log carries it and the store keeps it. */
export interface MessageRecord extends Readonly<Omit<Message, 'createdAt'>> {
  readonly conversationId: ConversationId;
  /** Unix milliseconds. */
  readonly createdAtMs: number;
}

/** The form that clients see; the packet or page around it names the conversation. */
export function toWireMessage(message: MessageRecord): Message {
  const { conversationId: _, createdAtMs, ...rest } = message;
  return { ...rest, createdAt: new Date(createdAtMs).toISOString() };
}
