import { type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';
import { type ChatSocket, userRoom } from '../socket-types.ts';
import type { Conversations } from './conversations.ts';

/** The most reads of the memberships while they keep changing. */
const MAX_READS = 4;

/**
 * Puts a socket into exactly the rooms of its user's conversations.
 *
 * Memberships are read again after the socket has joined rooms. The second read shows a removal before it; a later removal finds
 * the socket in the room and takes it out.
 *
 * @returns the user's conversations, the lobby first
 */
export async function joinRooms(
  socket: ChatSocket,
  userId: UserId,
  conversations: Conversations,
): Promise<ConversationId[]> {
  const own = new Set([socket.id, userRoom(userId)]);
  let conversationIds: ConversationId[] = [];
  for (let reads = 1; reads <= MAX_READS; reads += 1) {
    conversationIds = await conversations.idsFor(userId);
    const wanted = new Set<string>(conversationIds);
    for (const room of socket.rooms) if (!wanted.has(room) && !own.has(room)) await socket.leave(room);
    const missing = conversationIds.filter((id) => !socket.rooms.has(id));
    await socket.join(missing);
    if (missing.every((id) => id === LOBBY_ID)) break;
  }
  return conversationIds;
}
