import { type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';
import { type ChatSocket, userRoom } from '../socket-types.ts';
import type { Conversations } from './conversations.ts';

/** Membership may change between two looks at it, but hardly this often. */
const MAX_LOOKS = 4;

/**
 * Puts a socket into exactly the rooms of its user's conversations.
 *
 * It looks again after it has joined: a removal that came before that look is seen by it, and one that comes later finds
 * the socket in the room and takes it out.
 *
 * @returns the user's conversations, the lobby first
 */
export async function joinConversations(
  socket: ChatSocket,
  userId: UserId,
  conversations: Conversations,
): Promise<ConversationId[]> {
  const own = new Set([socket.id, userRoom(userId)]);
  let conversationIds: ConversationId[] = [];
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    conversationIds = await conversations.idsFor(userId);
    const wanted = new Set<string>(conversationIds);
    for (const room of socket.rooms) if (!wanted.has(room) && !own.has(room)) await socket.leave(room);
    const missing = conversationIds.filter((id) => !socket.rooms.has(id));
    await socket.join(missing);
    if (missing.every((id) => id === LOBBY_ID)) break;
  }
  return conversationIds;
}
