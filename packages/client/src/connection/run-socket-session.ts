import type {
  ClientToServerEvents,
  Handshake,
  HelloReply,
  PresencePacket,
  Refused,
  ServerToClientEvents,
  SessionEnd,
} from '@parley/protocol';
import { io, type Socket } from 'socket.io-client';
import { errorFromReply, isErrorBody, ParleyError, unavailableError } from '../parley-error.ts';

export type ChatSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** Handlers for the events that a server sends. */
export interface PacketHandlers
  extends Pick<
    ServerToClientEvents,
    'messages' | 'stored' | 'conversation' | 'heads' | 'typing' | 'receipts' | 'session:idle' | 'server:draining'
  > {
  /** @param isFirst true for the first packet of a connection, which is a full snapshot */
  presence: (packet: PresencePacket, isFirst: boolean) => void;
}

/** Why a socket session ended. */
export type SocketEnd =
  /** The server rejected the handshake or was not reached. */
  | { readonly kind: 'refused'; readonly error: ParleyError }
  | { readonly kind: 'replaced' | 'expired'; readonly end: SessionEnd }
  /** The connection was established and then lost. */
  | { readonly kind: 'dropped' }
  /** Closed by this client. */
  | { readonly kind: 'closed' };

/** Maximum time until the transport is open. */
const OPEN_DEADLINE_MS = 5_000;
/** Maximum time from then until the ack of `session:hello`. Servers queue handshakes for up to this long during a burst. */
const ADMISSION_DEADLINE_MS = 30_000;

/**
 * Runs one socket from handshake to disconnect, without reconnecting, and resolves with the reason of its end. Handlers are
 * called from the start, even before `onOnline`, which is called once after the ack of `session:hello`.
 *
 * @param url base URL of the cluster; '' is the origin of the page
 * @param signal disconnects the socket
 */
export function runSocketSession(options: {
  url: string;
  handshake: Handshake;
  handlers: PacketHandlers;
  signal: AbortSignal;
  onOnline: (socket: ChatSocket, hello: HelloReply) => void;
  /** Called when the server drains. The client must reconnect at a random moment within this time. */
  onDraining: (reconnectWithinMs: number) => void;
}): Promise<SocketEnd> {
  const { url, handshake, handlers, signal, onOnline, onDraining } = options;
  return new Promise((resolve) => {
    const socketOptions = {
      auth: handshake,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      forceNew: true,
      reconnection: false,
      autoConnect: false,
      timeout: OPEN_DEADLINE_MS,
    };
    const socket: ChatSocket = url === '' ? io(socketOptions) : io(url, socketOptions);
    const finish = (end: SocketEnd) => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', close);
      socket.removeAllListeners();
      socket.disconnect();
      resolve(end);
    };
    const fail = (error: ParleyError) => finish({ kind: 'refused', error });
    const close = () => finish({ kind: 'closed' });
    const failAfter = (deadlineMs: number) =>
      setTimeout(() => fail(unavailableError(new Error('handshake timed out'))), deadlineMs);
    let deadline = failAfter(OPEN_DEADLINE_MS);
    socket.io.once('open', () => {
      clearTimeout(deadline);
      deadline = failAfter(ADMISSION_DEADLINE_MS);
    });

    listen(socket, handlers);
    socket.on('server:draining', (packet) => onDraining(packet.reconnectWithinMs));
    socket.on('session:replaced', (end) => finish({ kind: 'replaced', end }));
    socket.on('session:expired', (end) => finish({ kind: 'expired', end }));
    socket.on('connect_error', (error) => fail(toParleyError(error)));
    socket.on('disconnect', () => finish({ kind: 'dropped' }));
    socket.on('connect', () => {
      sendHello(socket).then(
        (reply) => {
          if (!socket.connected) return;
          if (!reply.ok) return fail(new ParleyError(reply));
          clearTimeout(deadline);
          onOnline(socket, reply);
        },
        (error: unknown) => fail(unavailableError(error)),
      );
    });
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    else socket.connect();
  });
}

function listen(socket: ChatSocket, handlers: PacketHandlers): void {
  socket.on('messages', handlers.messages);
  socket.on('stored', handlers.stored);
  socket.on('conversation', handlers.conversation);
  socket.on('heads', handlers.heads);
  socket.on('typing', handlers.typing);
  socket.on('receipts', handlers.receipts);
  let hasPresence = false;
  socket.on('presence', (packet) => {
    handlers.presence(packet, !hasPresence);
    hasPresence = true;
  });
  socket.on('session:idle', handlers['session:idle']);
  socket.on('server:draining', handlers['server:draining']);
}

function sendHello(socket: ChatSocket): Promise<HelloReply | Refused> {
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return socket.timeout(ADMISSION_DEADLINE_MS).emitWithAck('session:hello', { timezone });
}

/**
 * A refusal of Socket.IO has the error of the cluster as `data`. nginx and a chat server without room refuse the HTTP request
 * before that: Engine.IO's error has it as `context` if it was one of long-polling. A browser shows no reply to a WebSocket.
 */
function toParleyError(error: Error & { data?: unknown; context?: unknown }): ParleyError {
  if (isErrorBody(error.data)) return new ParleyError(error.data);
  const { status, responseText } = (error.context ?? {}) as { status?: unknown; responseText?: unknown };
  if (typeof status !== 'number' || status < 400) return unavailableError(error);
  return errorFromReply(status, parseJson(String(responseText)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
