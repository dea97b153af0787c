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
import { isErrorBody, ParleyError, unavailableError } from '../parley-error.ts';

export type ChatSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** What is done with each packet that a server sends of itself. */
export interface PacketHandlers
  extends Pick<
    ServerToClientEvents,
    'messages' | 'stored' | 'conversation' | 'heads' | 'typing' | 'receipts' | 'server:draining'
  > {
  /** @param isFirst of this connection: it names everyone */
  presence: (packet: PresencePacket, isFirst: boolean) => void;
}

/** How the life of one socket ended. */
export type SocketSessionEnd =
  /** Never in: refused by the server, or not reached. */
  | { readonly how: 'refused'; readonly error: ParleyError }
  | { readonly how: 'replaced' | 'expired'; readonly end: SessionEnd }
  /** Was in; the connection broke. */
  | { readonly how: 'dropped' }
  /** By our own wish. */
  | { readonly how: 'closed' };

/** Until a server answers at all. */
const OPEN_DEADLINE_MS = 5_000;
/** From then on to the reply to `session:hello`: as long as a server lets a client wait its turn when thousands come at once. */
const ADMISSION_DEADLINE_MS = 30_000;

/**
 * Lives one socket from handshake to end; it never reconnects. Packets are handled from the first moment on, also those
 * that come before `onOnline`, which is called once when the server knows this client.
 *
 * @param url of the cluster; '' = the one that served the page
 * @param signal ends it
 */
export function runSocketSession(options: {
  url: string;
  handshake: Handshake;
  handlers: PacketHandlers;
  signal: AbortSignal;
  onOnline: (socket: ChatSocket, hello: HelloReply) => void;
  /** The server stops: go on elsewhere at a random moment within this time. */
  onDraining: (reconnectWithinMs: number) => void;
}): Promise<SocketSessionEnd> {
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
    const finish = (end: SocketSessionEnd) => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', close);
      socket.removeAllListeners();
      socket.disconnect();
      resolve(end);
    };
    const refuse = (error: ParleyError) => finish({ how: 'refused', error });
    const close = () => finish({ how: 'closed' });
    const refuseAfter = (deadlineMs: number) =>
      setTimeout(() => refuse(unavailableError(new Error('the handshake got no answer'))), deadlineMs);
    let deadline = refuseAfter(OPEN_DEADLINE_MS);
    socket.io.once('open', () => {
      clearTimeout(deadline);
      deadline = refuseAfter(ADMISSION_DEADLINE_MS);
    });

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
    socket.on('server:draining', (packet) => {
      handlers['server:draining'](packet);
      onDraining(packet.reconnectWithinMs);
    });
    socket.on('session:replaced', (end) => finish({ how: 'replaced', end }));
    socket.on('session:expired', (end) => finish({ how: 'expired', end }));
    socket.on('connect_error', (error) => refuse(parseChatError(error)));
    socket.on('disconnect', () => finish({ how: 'dropped' }));
    socket.on('connect', () => {
      sayHello(socket).then(
        (reply) => {
          if (!socket.connected) return;
          if (!reply.ok) return refuse(new ParleyError(reply));
          clearTimeout(deadline);
          onOnline(socket, reply);
        },
        (error: unknown) => refuse(unavailableError(error)),
      );
    });
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    else socket.connect();
  });
}

function sayHello(socket: ChatSocket): Promise<HelloReply | Refused> {
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return socket.timeout(ADMISSION_DEADLINE_MS).emitWithAck('session:hello', { timezone });
}

function parseChatError(error: Error & { data?: unknown }): ParleyError {
  return isErrorBody(error.data) ? new ParleyError(error.data) : unavailableError(error);
}
