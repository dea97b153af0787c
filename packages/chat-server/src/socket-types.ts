import { type ClientToServerEvents, type ConversationId, LOBBY_ID, type ServerToClientEvents } from '@parley/protocol';
import type { DefaultEventsMap, Server, Socket } from 'socket.io';
import type { Session } from './session.ts';

export interface SocketData {
  session: Session;
}

export type ChatSocket = Socket<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap, SocketData>;
export type ChatIo = Server<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap, SocketData>;

/** Rooms are sockets (20 characters of base64), users (`user:…`) or conversations. */
export const isConversation = (room: string): room is ConversationId => room === LOBBY_ID || room.startsWith('c_');

/** A conversation's room has the conversation's id. */
export { userRoom } from '@parley/presence';
