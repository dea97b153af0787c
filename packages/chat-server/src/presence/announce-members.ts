import type { MembershipEvents } from '../conversations/conversations.ts';
import type { Presence } from './presence.ts';

/** Member membershipEvents after which the people of a conversation see who of them is there. */
export const announceMembers = (membershipEvents: MembershipEvents, presence: Presence): MembershipEvents => ({
  ...membershipEvents,
  async joined(conversation, userIds) {
    await membershipEvents.joined(conversation, userIds);
    presence.joined(conversation, userIds);
  },
  async left(conversationId, userId) {
    await membershipEvents.left(conversationId, userId);
    presence.membersChanged(conversationId, [userId]);
  },
});
