import { randomBytes } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { ConcurrencyLimiter, Logger, RedisConnection } from '@parley/service-kit';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import type { Conversations } from '../conversations/conversations.ts';
import { joinConversations } from '../conversations/join-rooms.ts';
import { closeInSlices } from '../engine-io/close-in-slices.ts';
import { writeAcksDirectly } from '../engine-io/write-packets.ts';
import { attachHandlers, type EventHandlers } from '../events/dispatcher.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import type { Presence } from '../presence/presence.ts';
import type { SessionEndReason } from '../session.ts';
import { type ChatIo, type ChatSocket, userRoom } from '../socket-types.ts';
import { toChatError } from '../to-chat-error.ts';
import type { Admission } from './admission.ts';
import type { SessionRegistry } from './session-registry.ts';

/** Larger frames end the connection; smaller ones that are still too large are answered with `PAYLOAD_TOO_LARGE`. */
const MAX_FRAME_BYTES = 262_144;

/** A client that vanished without a word is noticed after the sum of the two. */
const PING_INTERVAL_MS = 15_000;
const PING_TIMEOUT_MS = 10_000;

/** When many come at once each waits for its turn, longer than a client takes that never asks to be let in. */
const ADMISSION_TIMEOUT_MS = 30_000;

/** A client that does not read gets its last packets until then. */
const CLOSING_LINGER_MS = 5_000;

/** A refused client closes its connection itself; one that does not is cut then. */
const REFUSED_LINGER_MS = 5_000;

/** What a client is told when its session ends; ends without a text have no client left to tell. */
const END_NOTICES: Partial<
  Record<SessionEndReason, { event: 'session:replaced' | 'session:expired'; code: string; message: string }>
> = {
  replaced: { event: 'session:replaced', code: 'REPLACED', message: 'You continue elsewhere.' },
  lost: { event: 'session:expired', code: 'LOST', message: 'This server lost your place: connect again.' },
  unauthorised: {
    event: 'session:expired',
    code: 'UNAUTHENTICATED',
    message: 'Your access token ended: refresh it and connect again.',
  },
  slow: { event: 'session:expired', code: 'SLOW', message: 'You did not read what you were sent: connect again.' },
  silent: {
    event: 'session:expired',
    code: 'SILENT',
    message: 'You said nothing in time, so your place went to somebody else.',
  },
};

/**
 * Ends after which a client should be back at once: its transport is closed, on which every Socket.IO client reconnects by
 * itself. After the others it is told to go, and stays away until somebody wants it back.
 */
const RECONNECTING: ReadonlySet<SessionEndReason> = new Set(['lost', 'slow', 'shutdown']);

/**
 * Opens Socket.IO on the HTTP server. Session ids begin with the server's name, which is how nginx finds the server
 * that holds a session.
 */
export function createChatIo(
  httpServer: HttpServer,
  options: {
    node: string;
    allowedOrigins: readonly string[];
    publisher: RedisConnection;
    subscriber: RedisConnection;
  },
): ChatIo {
  const io: ChatIo = new Server(httpServer, {
    adapter: createAdapter(options.publisher, options.subscriber),
    cors: { origin: [...options.allowedOrigins], credentials: true },
    // Browsers name their origin; whatever else connects is not bound by it.
    allowRequest: (request, decide) => {
      const { origin } = request.headers;
      decide(null, origin === undefined || options.allowedOrigins.includes(origin));
    },
    maxHttpBufferSize: MAX_FRAME_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: ADMISSION_TIMEOUT_MS,
    perMessageDeflate: false,
    serveClient: false,
  });
  closeInSlices(httpServer);
  io.engine.generateId = () => `${options.node}.${randomBytes(15).toString('base64url')}`;
  return io;
}

/** Lets clients in, wires their events, and ties each session's life to its connection's. */
export function serveSockets(
  io: ChatIo,
  parts: {
    admission: Admission;
    registry: SessionRegistry;
    conversations: Conversations;
    handlers: EventHandlers;
    presence: Presence;
    arrivals: ConcurrencyLimiter;
    metrics: ChatServerMetrics;
    logger: Logger;
  },
): void {
  const { admission, registry, conversations, handlers, presence, arrivals, metrics, logger } = parts;

  async function admit(socket: ChatSocket): Promise<'admitted' | 'gone'> {
    // Its turn came too late: it has given up, and stands in the line once more. Work for it would make the others wait.
    if (socket.conn.readyState !== 'open') return 'gone';
    const session = await admission.admit(socket.handshake.auth);
    socket.data.session = session;
    session.closeConnection = (reason) => closeConnection(socket, reason);
    // The connection may be gone before Socket.IO would tell: this is noticed in any case.
    socket.conn.once('close', () => registry.end(session, 'disconnected'));
    if (socket.conn.readyState !== 'open') registry.end(session, 'disconnected');
    try {
      await socket.join(userRoom(session.userId));
      await joinConversations(socket, session.userId, conversations);
    } catch (error) {
      session.closeConnection = undefined;
      registry.end(session, 'disconnected');
      throw error;
    }
    return 'admitted';
  }

  io.use((socket, next) => {
    arrivals
      .run(() => admit(socket))
      .then(
        (outcome) => {
          metrics.chat_handshakes_total.inc({ outcome });
          next();
        },
        (error: unknown) => {
          const refusal = toChatError(error, logger);
          metrics.chat_handshakes_total.inc({ outcome: refusal.code });
          setTimeout(() => closeUnlessConnected(socket), REFUSED_LINGER_MS).unref();
          next(Object.assign(new Error(refusal.code), { data: refusal.toBody() }));
        },
      );
  });

  io.on('connection', (socket) => {
    const { session } = socket.data;
    metrics.chat_sessions.set(registry.size);
    writeAcksDirectly(socket);
    attachHandlers(socket, handlers, { registry, logger });
    letGoOfHandshake(socket);
    presence.opened(socket, session);
    socket.on('disconnect', () => {
      registry.end(session, 'disconnected');
      presence.ended(session);
      metrics.chat_sessions.set(registry.size);
    });
    if (session.endedBy) closeConnection(socket, session.endedBy);
  });
}

/** Without effect on a connection that is still being admitted: it is closed as soon as it is up. */
function closeConnection(socket: ChatSocket, reason: SessionEndReason): void {
  if (!socket.connected) return;
  const notice = END_NOTICES[reason];
  if (notice) socket.emit(notice.event, { code: notice.code, message: notice.message });
  if (!RECONNECTING.has(reason)) {
    socket.disconnect(true);
    return;
  }
  // Takes no more packets, and closes when those that wait are gone, the notice last.
  socket.conn.close();
  setTimeout(() => terminate(socket), CLOSING_LINGER_MS).unref();
}

/** What only the admission needed would otherwise stay for as long as the connection: some KB for each. */
function letGoOfHandshake({ conn, handshake }: ChatSocket): void {
  Object.assign(handshake, { headers: {}, auth: {}, query: {} });
  if (conn.transport.name === 'websocket') Object.assign(conn, { request: null });
}

/** Ends the TCP connection of a client that does not read, and with it what waits there. */
function terminate({ conn }: ChatSocket): void {
  if (conn.readyState === 'closed') return;
  const { socket } = conn.transport as { socket?: { terminate(): void } };
  socket?.terminate();
  conn.close(true);
}

function closeUnlessConnected(socket: ChatSocket): void {
  if (!socket.connected && socket.conn.readyState === 'open') socket.conn.close();
}
