import type { Socket } from 'socket.io';

/** The connection of a Socket.IO socket with any events. */
export type ClientSocket = Pick<Socket, 'conn'>;

/** Engine.IO's transport, with the `ws` WebSocket that its types hide. The WebSocket is absent while the client polls. */
interface Transport {
  readonly name: string;
  readonly socket?: {
    readonly bufferedAmount: number;
    readonly readyState: number;
    on(event: 'message' | 'ping' | 'pong', listener: () => void): void;
    once(event: 'close', listener: () => void): void;
    pause(): void;
    terminate(): void;
  };
}

/** `WebSocket.CLOSED` */
const CLOSED = 3;

const transportOf = ({ conn }: ClientSocket) => conn.transport as unknown as Transport;

/**
 * Returns how many bytes wait for a client, in Engine.IO's buffer and in the WebSocket below it.
 *
 * @param limit counting stops beyond it
 */
export function bufferedBytes(socket: ClientSocket, limit: number): number {
  const { writeBuffer } = socket.conn as unknown as { writeBuffer: readonly { readonly data?: unknown }[] };
  let bytes = transportOf(socket).socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) {
    if (typeof data === 'string' || Buffer.isBuffer(data)) bytes += data.length;
    if (bytes > limit) break;
  }
  return bytes;
}

/** Drops the packets that are written from now on. Earlier ones are sent. */
export function dropWrites(connection: ClientSocket['conn']): void {
  connection.write = () => connection;
}

/** Releases the data that only the handshake needed, several KB that would stay in memory as long as the connection. */
export function releaseHandshake(socket: Pick<Socket, 'conn' | 'handshake'>): void {
  Object.assign(socket.handshake, { headers: {}, auth: {}, query: {} });
  if (transportOf(socket).name === 'websocket') Object.assign(socket.conn, { request: null });
}

/** Ends the TCP connection of a client that does not read, and drops all its unsent data. */
export function terminate(socket: ClientSocket): void {
  // A closed connection may still wait for the client's part of the WebSocket closing handshake.
  transportOf(socket).socket?.terminate();
  if (socket.conn.readyState !== 'closed') socket.conn.close(true);
}

/** Calls back when a closed connection has no TCP connection any more. Calls at once if that is so already. */
export function onceDisconnected(socket: ClientSocket, callback: () => void): void {
  const webSocket = transportOf(socket).socket;
  if (webSocket && webSocket.readyState !== CLOSED) webSocket.once('close', callback);
  else callback();
}

/**
 * Stops reading a closed WebSocket after this many frames. It stays open until the client confirms the closing, and each of its frames
 * would still be parsed.
 */
export function boundClosing(socket: ClientSocket, frames: number): void {
  const webSocket = transportOf(socket).socket;
  if (!webSocket || webSocket.readyState === CLOSED) return;
  let left = frames;
  const receive = () => {
    left -= 1;
    if (left < 0) webSocket.pause();
  };
  for (const event of ['message', 'ping', 'pong'] as const) webSocket.on(event, receive);
}
