import type { ChatSnapshot } from '@parley/client';
import type { Conversation, ConversationId, User, UserId } from '@parley/protocol';

/** Returns the title of a conversation; for a direct one the name of the other user. */
export function titleOf(conversation: Conversation, myId: UserId | undefined): string {
  if (conversation.title !== null) return conversation.title;
  const others = conversation.members.filter(({ id }) => id !== myId).map(({ displayName }) => displayName);
  return others.join(', ') || 'Conversation';
}

/** Returns the other user of a direct conversation. */
export const otherOf = ({ kind, members }: Conversation, myId: UserId | undefined): User | undefined =>
  kind === 'direct' ? members.find(({ id }) => id !== myId) : undefined;

export const conversationOf = (snapshot: ChatSnapshot, id: ConversationId | null): Conversation | undefined =>
  snapshot.conversations?.find((conversation) => conversation.id === id);
