import { COMMAND_TIMEOUT_MS, type RedisConnection, withDeadline } from '@parley/service-kit';
import { type ChatIo, userRoom } from '../socket-types.ts';
import type { MembershipEvents } from './conversations.ts';

/**
 * Moves sessions in and out of conversations' rooms on all servers, through the adapter.
 *
 * The adapter drops its publish promises. A PING on the same connection is answered only after they were carried out, and
 * Redis hands a subscriber everything in that order: what a worker publishes later comes later.
 */
export function createMembershipEvents(io: ChatIo, publisher: RedisConnection): MembershipEvents {
  const published = () => withDeadline(publisher.ping(), COMMAND_TIMEOUT_MS, 'publishing a change of members');
  return {
    async joined(conversation, userIds) {
      for (const userId of userIds) io.in(userRoom(userId)).socketsJoin(conversation.id);
      io.to([conversation.id, ...userIds.map(userRoom)]).emit('conversation', conversation);
      // Nobody who is added has to wait for a Redis that is away: the connection keeps what it could not send until it is back.
      await published().catch(() => undefined);
    },
    async left(conversationId, userId) {
      io.in(userRoom(userId)).socketsLeave(conversationId);
      await published();
    },
    changed(conversation, leaverId) {
      io.to(conversation.id).emit('conversation', conversation);
      // A channel is open to whoever has left it.
      if (leaverId && conversation.kind === 'group')
        io.to(userRoom(leaverId)).emit('conversation', { ...conversation, members: [] });
    },
  };
}
