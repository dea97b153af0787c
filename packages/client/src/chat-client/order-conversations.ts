import type { Conversation } from '@parley/protocol';
import { LOBBY_ID } from '@parley/protocol/constants';
import type { Thread } from './conversation-state.ts';

/** The lobby first, then by the newest activity. */
export function orderConversations(threads: Iterable<Thread>): Conversation[] {
  const byActivity = (a: Thread, b: Thread) => (a.activeAt < b.activeAt ? 1 : -1);
  const isLobby = ({ conversation }: Thread) => Number(conversation.id === LOBBY_ID);
  return [...threads]
    .sort((a, b) => isLobby(b) - isLobby(a) || byActivity(a, b))
    .map(({ conversation }) => conversation);
}
