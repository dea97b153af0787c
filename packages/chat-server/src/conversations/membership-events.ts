import type { Conversation, ConversationId, UserId } from '@parley/protocol';
import { COMMAND_TIMEOUT_MS, type RedisConnection, withDeadline } from '@parley/service-kit';
import { type ChatIo, userRoom } from '../socket-types.ts';
import type { MembershipNotice } from './conversation-rooms.ts';

/** The number is the version of the format: servers of mixed releases must not misread each other. */
const CHANNEL = 'parley:members:1';

/** Reports changes of members and titles to the connected users on all servers. */
export interface MembershipEvents {
  /**
   * Puts the users' sessions into the conversation's room and sends the conversation to all members. A message that is appended
   * after it resolves reaches them. Never rejects: while Redis is unavailable, this happens later.
   */
  joined(conversation: Conversation, userIds: readonly UserId[]): Promise<void>;
  /** Takes the user's sessions out of the room. A message that is appended after it resolves does not reach them. */
  left(conversationId: ConversationId, userId: UserId): Promise<void>;
  /** Sends a conversation to the sessions of one member on this server. */
  found(conversation: Conversation, userId: UserId): void;
  /** @param leaverId a user who left; gets a group without members, because the room no longer reaches them */
  changed(conversation: Conversation, leaverId?: UserId): void;
}

/** Is notified after sessions have joined or left a room: presence, which shows members to each other. */
export interface MembershipObserver {
  joined(conversation: Conversation, userIds: readonly UserId[]): void;
  membersChanged(conversationId: ConversationId, userIds: readonly UserId[]): void;
}

/**
 * Sends notices of changed memberships to all chat servers, this one included, and events to clients through Socket.IO's adapter.
 *
 * Redis replies to a PUBLISH only after it has sent the notice to every subscriber, and keeps the order for each of them. Everything
 * that a worker publishes after the reply therefore arrives after the notice.
 */
export function createMembershipEvents(parts: {
  io: ChatIo;
  /** The adapter's connection. */
  publisher: RedisConnection;
  observer: MembershipObserver;
}): MembershipEvents {
  const { io, publisher, observer } = parts;
  const notify = (notice: MembershipNotice) =>
    withDeadline(publisher.publish(CHANNEL, JSON.stringify(notice)), COMMAND_TIMEOUT_MS, 'publishing a membership');
  return {
    async joined(conversation, userIds) {
      // While Redis is unavailable, the connection queues the commands. Adding members does not wait for it.
      const notified = notify({ conversationId: conversation.id, joined: userIds, left: [] }).catch(() => undefined);
      io.to([conversation.id, ...userIds.map(userRoom)]).emit('conversation', conversation);
      await notified;
      observer.joined(conversation, userIds);
    },
    async left(conversationId, userId) {
      await notify({ conversationId, joined: [], left: [userId] });
      observer.membersChanged(conversationId, [userId]);
    },
    found(conversation, userId) {
      io.local.to(userRoom(userId)).emit('conversation', conversation);
    },
    changed(conversation, leaverId) {
      io.to(conversation.id).emit('conversation', conversation);
      // A channel stays open to a user who left it.
      if (leaverId && conversation.kind === 'group')
        io.to(userRoom(leaverId)).emit('conversation', { ...conversation, members: [] });
    },
  };
}

/**
 * Subscribes to the notices of all servers.
 *
 * @param subscriber the connection that also receives the messages, so that notices and messages stay in order
 */
export async function subscribeToMembershipNotices(
  subscriber: RedisConnection,
  receive: (notice: MembershipNotice) => void,
): Promise<void> {
  subscriber.on('message', (channel: string, text: string) => {
    if (channel === CHANNEL) receive(JSON.parse(text) as MembershipNotice);
  });
  await subscriber.subscribe(CHANNEL);
}
