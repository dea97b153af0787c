import type { Conversation } from '@parley/protocol';
import { LOBBY_ID } from '@parley/protocol/constants';
import type { ConversationState } from './conversation-state.ts';

/** The lobby first, then by the newest activity. */
export function orderConversations(states: Iterable<ConversationState>): Conversation[] {
  const byActivity = (a: ConversationState, b: ConversationState) => (a.activeAt < b.activeAt ? 1 : -1);
  const isLobby = ({ conversation }: ConversationState) => Number(conversation.id === LOBBY_ID);
  return [...states]
    .sort((a, b) => isLobby(b) - isLobby(a) || byActivity(a, b))
    .map(({ conversation }) => conversation);
}
