import type { ConcurrencyLimiter, Logger } from '@parley/service-kit';
import { runAs } from '../caller.ts';
import { releaseHandshake } from '../engine-io/client-connection.ts';
import { writeAcksDirectly } from '../engine-io/write-packets.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import type { Session } from '../session.ts';
import { type ChatIo, type ChatSocket, userRoom } from '../socket-types.ts';
import { toChatError } from '../to-chat-error.ts';
import type { Admission } from './admission.ts';
import { closeConnection } from './close-connection.ts';
import type { ConnectionGate } from './connection-gate.ts';
import type { SessionRegistry } from './session-registry.ts';

/** Session lifecycle hooks for other modules. */
export interface SessionHooks {
  /** Puts the sockets in the user's room into the rooms of the user's conversations. If it rejects, the client is rejected. */
  joinRooms(session: Session): Promise<unknown>;
  /** The client is connected: from now on its events are handled. */
  opened(socket: ChatSocket, session: Session): void;
  /** The connection of a session that was opened is closed. */
  ended(session: Session): void;
}

/**
 * Admits connections and ties each session's life to that of its connection.
 *
 * @param parts.limitHandshake counts a handshake by its address; rejects beyond the limit
 * @param parts.admissionLimiter limits how many clients are admitted at the same time
 */
export function handleConnections(
  io: ChatIo,
  parts: {
    admission: Admission;
    gate: ConnectionGate;
    registry: SessionRegistry;
    hooks: SessionHooks;
    limitHandshake: (address: string) => Promise<void>;
    admissionLimiter: ConcurrencyLimiter;
    metrics: ChatServerMetrics;
    logger: Logger;
  },
): void {
  const { admission, gate, registry, hooks, limitHandshake, admissionLimiter, metrics, logger } = parts;

  async function admit(socket: ChatSocket): Promise<'admitted' | 'gone'> {
    // The client gave up while it waited and may already be back in the queue. Work for it would delay the others.
    if (socket.conn.readyState !== 'open') return 'gone';
    const session = await admission.admit(socket.handshake.auth, gate.addressOf(socket.conn));
    socket.data.session = session;
    session.closeConnection = (reason) => closeConnection(socket, reason);
    // Socket.IO reports a disconnect only after the connection event. A connection may close before that.
    socket.conn.once('close', () => registry.end(session, 'disconnected'));
    if (socket.conn.readyState !== 'open') registry.end(session, 'disconnected');
    try {
      await socket.join(userRoom(session.userId));
      await runAs(session.userId, () => hooks.joinRooms(session));
    } catch (error) {
      session.closeConnection = undefined;
      registry.end(session, 'disconnected');
      throw error;
    }
    return 'admitted';
  }

  io.use((socket, next) => {
    // Before the queue for the admission, which a flood from one address would otherwise fill.
    limitHandshake(gate.addressOf(socket.conn))
      .then(() => admissionLimiter.run(() => admit(socket)))
      .then(
        (outcome) => {
          metrics.chat_handshakes_total.inc({ outcome });
          next();
        },
        (error: unknown) => {
          const chatError = toChatError(error, logger);
          metrics.chat_handshakes_total.inc({ outcome: chatError.code });
          next(Object.assign(new Error(chatError.code), { data: chatError.toBody() }));
          setImmediate(() => gate.refused(socket.conn)); // Socket.IO writes the answer in this turn
        },
      );
  });

  io.on('connection', (socket) => {
    const { session } = socket.data;
    gate.admitted(socket.conn, () => registry.end(session, 'excessive'));
    metrics.chat_sessions.set(registry.size);
    writeAcksDirectly(socket);
    session.warnIdle = (endsAtMs) => socket.emit('session:idle', { endsAt: new Date(endsAtMs).toISOString() });
    hooks.opened(socket, session);
    releaseHandshake(socket);
    socket.on('disconnect', () => {
      registry.end(session, 'disconnected');
      hooks.ended(session);
      gate.left(socket.conn);
      metrics.chat_sessions.set(registry.size);
    });
    if (session.endedBy) closeConnection(socket, session.endedBy);
  });
}
