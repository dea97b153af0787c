import type { ConversationState, MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { ChatError, type ConversationId } from '@parley/protocol';

/** Tells Redis where a conversation stands that it is not certain of, from the store. */
export async function seedHead(
  parts: { log: MessageLog; messages: MessageStore },
  conversationId: ConversationId,
): Promise<void> {
  await parts.log.seed(conversationId, await parts.messages.headSeq(conversationId));
}

/** The numbers of each conversation, in the order asked for; those that Redis is not certain of are seeded first. */
export async function readStates(
  parts: { log: MessageLog; messages: MessageStore },
  conversationIds: readonly ConversationId[],
): Promise<ConversationState[]> {
  const states = await parts.log.states(conversationIds);
  return Promise.all(
    conversationIds.map(async (conversationId, index) => {
      const known = states[index];
      if (known) return known;
      await seedHead(parts, conversationId);
      const [seeded] = await parts.log.states([conversationId]);
      if (!seeded) throw new ChatError('UNAVAILABLE', { retryAfterMs: 100 });
      return seeded;
    }),
  );
}
