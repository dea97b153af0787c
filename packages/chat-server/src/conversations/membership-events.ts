import type { Conversation, ConversationId, UserId } from '@parley/protocol';
import { COMMAND_TIMEOUT_MS, type RedisConnection, withDeadline } from '@parley/service-kit';
import { type ChatIo, userRoom } from '../socket-types.ts';

/** Reports changes of members and titles to the connected users on all servers. */
export interface MembershipEvents {
  /**
   * Puts the users' sessions into the conversation's room and sends the conversation to all members. Never rejects: while Redis is
   * unavailable, this happens later.
   */
  joined(conversation: Conversation, userIds: readonly UserId[]): Promise<void>;
  /** Takes the user's sessions out of the room. A message that is appended after it resolves does not reach them. */
  left(conversationId: ConversationId, userId: UserId): Promise<void>;
  /** @param leaverId a user who left; gets a group without members, because the room no longer reaches them */
  changed(conversation: Conversation, leaverId?: UserId): void;
}

/** Is notified after sessions have joined or left a room: presence, which shows members to each other. */
export interface MembershipObserver {
  joined(conversation: Conversation, userIds: readonly UserId[]): void;
  membersChanged(conversationId: ConversationId, userIds: readonly UserId[]): void;
}

/**
 * Sends membership events through Socket.IO's Redis adapter.
 *
 * The adapter drops the promises of its publish calls. Redis replies to a PING on the same connection only after it has executed
 * them, and keeps their order for every subscriber. Everything that a worker publishes after the PING therefore arrives after
 * them.
 */
export function createMembershipEvents(parts: {
  io: ChatIo;
  /** The adapter's connection. */
  publisher: RedisConnection;
  observer: MembershipObserver;
}): MembershipEvents {
  const { io, publisher, observer } = parts;
  const published = () => withDeadline(publisher.ping(), COMMAND_TIMEOUT_MS, 'publishing a change of members');
  return {
    async joined(conversation, userIds) {
      for (const userId of userIds) io.in(userRoom(userId)).socketsJoin(conversation.id);
      io.to([conversation.id, ...userIds.map(userRoom)]).emit('conversation', conversation);
      // While Redis is unavailable, the connection queues the commands. Adding members does not wait for it.
      await published().catch(() => undefined);
      observer.joined(conversation, userIds);
    },
    async left(conversationId, userId) {
      io.in(userRoom(userId)).socketsLeave(conversationId);
      await published();
      observer.membersChanged(conversationId, [userId]);
    },
    changed(conversation, leaverId) {
      io.to(conversation.id).emit('conversation', conversation);
      // A channel stays open to a user who left it.
      if (leaverId && conversation.kind === 'group')
        io.to(userRoom(leaverId)).emit('conversation', { ...conversation, members: [] });
    },
  };
}
