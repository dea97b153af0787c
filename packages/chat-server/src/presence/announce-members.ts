import type { MemberNotices } from '../conversations/conversations.ts';
import type { Presence } from './presence.ts';

/** Member notices after which the people of a conversation see who of them is there. */
export const announceMembers = (notices: MemberNotices, presence: Presence): MemberNotices => ({
  ...notices,
  async joined(conversation, userIds) {
    await notices.joined(conversation, userIds);
    presence.joined(conversation, userIds);
  },
  async left(conversationId, userId) {
    await notices.left(conversationId, userId);
    presence.membersChanged(conversationId, [userId]);
  },
});
