import type { Conversation, UserId } from '@parley/protocol';

/** What a conversation is called: its title, or in a direct one the other person. */
export function titleOf(conversation: Conversation, myId: UserId | undefined): string {
  if (conversation.title !== null) return conversation.title;
  const others = conversation.members.filter(({ id }) => id !== myId).map(({ displayName }) => displayName);
  return others.join(', ') || 'Conversation';
}
