import { MAX_PACKETS_PER_POST } from '../engine-io/bounded-polling.ts';
import { terminate } from '../engine-io/client-connection.ts';
import type { SessionEndReason } from '../session.ts';
import type { ChatSocket } from '../socket-types.ts';

/** How long a client has to read its last packets before its connection is terminated. */
const CLOSING_LINGER_MS = 5_000;

/** The last event that a client gets. For the other reasons, the client is gone or already knows. */
const END_EVENTS: Partial<
  Record<SessionEndReason, { event: 'session:replaced' | 'session:expired'; code: string; message: string }>
> = {
  replaced: {
    event: 'session:replaced',
    code: 'REPLACED',
    message: 'Disconnected: you are connected elsewhere.',
  },
  lost: {
    event: 'session:expired',
    code: 'LOST',
    message: 'Disconnected: the server lost your session slot. Connect again.',
  },
  unauthorised: {
    event: 'session:expired',
    code: 'UNAUTHENTICATED',
    message: 'Disconnected: your access token expired. Refresh it and connect again.',
  },
  slow: {
    event: 'session:expired',
    code: 'SLOW',
    message: 'Disconnected: too much data waited to be read. Connect again.',
  },
  idle: {
    event: 'session:expired',
    code: 'IDLE',
    message: 'Disconnected: others were waiting, and you were inactive for too long. Connect again to continue.',
  },
  excessive: {
    event: 'session:expired',
    code: 'PAYLOAD_TOO_LARGE',
    message: `Disconnected: a request had more than ${MAX_PACKETS_PER_POST} packets. Connect again and send fewer at once.`,
  },
  silent: {
    event: 'session:expired',
    code: 'SILENT',
    message: 'Disconnected: nothing was sent in time. Connect again to continue.',
  },
};

/**
 * After these reasons a client should reconnect at once. Only its transport is closed, and every Socket.IO client then
 * reconnects. After the other reasons the server disconnects the socket, and the client stays disconnected until its user
 * reconnects.
 */
const RECONNECTING: ReadonlySet<SessionEndReason> = new Set(['lost', 'slow', 'isolated', 'shutdown']);

/** Has no effect on a client that is still being admitted: its connection is closed as soon as it is up. */
export function closeConnection(socket: ChatSocket, reason: SessionEndReason): void {
  if (!socket.connected) return;
  const end = END_EVENTS[reason];
  if (end) socket.emit(end.event, { code: end.code, message: end.message });
  if (!RECONNECTING.has(reason)) {
    socket.disconnect(true);
    return;
  }
  // Accepts no more packets and closes after the last one, the end event, has been written.
  socket.conn.close();
  setTimeout(() => terminate(socket), CLOSING_LINGER_MS).unref();
}
