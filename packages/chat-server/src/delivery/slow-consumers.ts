import { forEachTimeSliced } from '@parley/service-kit';
import type { ChatIo, ChatSocket } from '../socket-types.ts';

/** What may wait for one client, in bytes; a client that reads nothing for a while is still within it. */
const MAX_BUFFERED_BYTES = 1_048_576;

interface BufferedPacket {
  data?: unknown;
}

/**
 * Cuts the clients that don't read what they are sent: Engine.IO itself keeps everything for them without a bound. They
 * connect again and fetch what they missed, while nobody else's messages wait in memory.
 *
 * @returns how many were cut
 */
export async function cutSlowConsumers(io: ChatIo, cut: (socket: ChatSocket) => void): Promise<number> {
  let count = 0;
  await forEachTimeSliced(io.of('/').sockets.values(), (socket) => {
    if (bufferedBytes(socket) <= MAX_BUFFERED_BYTES) return;
    cut(socket);
    count += 1;
  });
  return count;
}

/** What waits in Engine.IO and, for a WebSocket, in the stream below it. */
function bufferedBytes(socket: ChatSocket): number {
  const { writeBuffer, transport } = socket.conn as unknown as {
    writeBuffer: readonly BufferedPacket[];
    transport: { socket?: { bufferedAmount?: number } };
  };
  let bytes = transport.socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) {
    if (typeof data === 'string' || Buffer.isBuffer(data)) bytes += data.length;
    if (bytes > MAX_BUFFERED_BYTES) break;
  }
  return bytes;
}
