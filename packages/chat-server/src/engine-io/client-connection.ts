import type { Socket } from 'socket.io';

/** The connection of a Socket.IO socket with any events. */
export type ClientSocket = Pick<Socket, 'conn'>;

/** Engine.IO's transport, with the `ws` WebSocket that its types hide. The WebSocket is absent while the client polls. */
interface Transport {
  readonly name: string;
  readonly socket?: {
    readonly bufferedAmount: number;
    readonly isPaused: boolean;
    pause(): void;
    resume(): void;
    terminate(): void;
  };
}

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

/**
 * Stops reading from a client's WebSocket, so that TCP slows the client down. Has no effect on a polling client: each of its requests
 * is bounded in size, and it sends the next one only after the response.
 */
export function pauseReading(socket: ClientSocket): void {
  transportOf(socket).socket?.pause();
}

export function resumeReading(socket: ClientSocket): void {
  const webSocket = transportOf(socket).socket;
  if (webSocket?.isPaused) webSocket.resume();
}

/** Releases the data that only the handshake needed, several KB that would stay in memory as long as the connection. */
export function releaseHandshake(socket: Pick<Socket, 'conn' | 'handshake'>): void {
  Object.assign(socket.handshake, { headers: {}, auth: {}, query: {} });
  if (transportOf(socket).name === 'websocket') Object.assign(socket.conn, { request: null });
}

/** Ends the TCP connection of a client that does not read, and drops all its unsent data. */
export function terminate(socket: ClientSocket): void {
  if (socket.conn.readyState === 'closed') return;
  transportOf(socket).socket?.terminate();
  socket.conn.close(true);
}
