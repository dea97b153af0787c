import type { Conversation, UserId } from '@parley/protocol';
import type { ConversationView } from './chat-snapshot.ts';

/** Returns the members of these conversations. */
export const membersOf = (conversations: readonly Conversation[]): Set<UserId> =>
  new Set(conversations.flatMap(({ members }) => members.map(({ id }) => id)));

/** Returns the users that the conversations and their loaded messages and reactions refer to. */
export function usersOf(
  myId: UserId,
  conversations: readonly Conversation[],
  views: Iterable<ConversationView>,
): ReadonlySet<UserId> {
  const users = membersOf(conversations).add(myId);
  for (const { messages, timeline } of views) {
    for (const { senderId } of messages) users.add(senderId);
    for (const { reactions } of timeline) for (const { userIds } of reactions) for (const id of userIds) users.add(id);
  }
  return users;
}
