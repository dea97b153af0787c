import { forEachTimeSliced } from '@parley/service-kit';
import { bufferedBytes } from '../engine-io/client-connection.ts';
import type { ChatIo, ChatSocket } from '../socket-types.ts';

/** The limit of unsent bytes for one client. A client that stops reading for a short time stays below it. */
const MAX_BUFFERED_BYTES = 1_048_576;

/**
 * Disconnects slow consumers: clients that do not read what is sent to them. Engine.IO buffers their packets without a limit.
 * They reconnect and fetch what they missed, and the server's memory stays bounded.
 *
 * @returns how many were disconnected
 */
export async function disconnectSlowConsumers(io: ChatIo, disconnect: (socket: ChatSocket) => void): Promise<number> {
  let count = 0;
  await forEachTimeSliced(io.of('/').sockets.values(), (socket) => {
    if (bufferedBytes(socket, MAX_BUFFERED_BYTES) <= MAX_BUFFERED_BYTES) return;
    disconnect(socket);
    count += 1;
  });
  return count;
}
