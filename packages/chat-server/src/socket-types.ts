import { type ClientToServerEvents, type ConversationId, LOBBY_ID, type ServerToClientEvents } from '@parley/protocol';
import type { DefaultEventsMap, Server, Socket } from 'socket.io';
import type { Session } from './session.ts';

export interface SocketData {
  session: Session;
}

export type ChatSocket = Socket<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap, SocketData>;
export type ChatIo = Server<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap, SocketData>;

/** A room is named after a socket (20 characters of base64), a user (`user:…`) or a conversation (its id). */
export const isConversation = (room: string): room is ConversationId => room === LOBBY_ID || room.startsWith('c_');

export { userRoom } from '@parley/presence';
