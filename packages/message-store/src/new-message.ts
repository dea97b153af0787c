import { randomUUID } from 'node:crypto';
import type { ClientMessageId, ConversationId, MessageId, MessageRecord, Seq, UserId } from '@parley/protocol';

// Creates messages for tests and for the processes that tests start.

export const newConversationId = () => randomUUID() as ConversationId;

type MessageFields = Partial<Omit<MessageRecord, 'seq'>> & { seq?: number };

export const newMessage = ({ seq = 1, ...fields }: MessageFields): MessageRecord => ({
  id: randomUUID() as MessageId,
  conversationId: newConversationId(),
  seq: seq as Seq,
  senderId: 'ada' as UserId,
  clientMessageId: randomUUID() as ClientMessageId,
  kind: 'text',
  text: 'hello',
  createdAtMs: 1_767_225_600_000,
  ...fields,
});
