import type { Socket as TcpSocket } from 'node:net';
import type { ChatSocket } from './socket-types.ts';
import { textFrame } from './websocket-frame.ts';

/** Engine.IO's packet type "message", in front of a Socket.IO packet. */
const MESSAGE = '4';

interface EngineConnection {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
  readonly transport: {
    readonly name: string;
    readonly writable: boolean;
    readonly socket?: { readonly readyState: number; readonly _socket?: TcpSocket };
  };
}

/** What Socket.IO's types keep private. */
interface ConnectionParts {
  readonly conn: EngineConnection;
  readonly client: { writeToEngine(packets: readonly string[], options: object): void };
}

/** `WebSocket.OPEN` */
const OPEN = 1;

/**
 * Writes encoded Socket.IO packets to many clients. Those on a WebSocket on which nothing waits get all of them in one write of
 * the same bytes, past Engine.IO, which would take several steps for each packet and client; the others get them
 * through Engine.IO, after what waits.
 *
 * @param packets without Engine.IO's type
 */
export function writePackets(packets: readonly string[], sockets: Iterable<ChatSocket>): void {
  if (packets.length === 0) return;
  const frames = packets.map((packet) => textFrame(MESSAGE + packet));
  const bytes = frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
  for (const socket of sockets) {
    const { conn, client } = socket as unknown as ConnectionParts;
    const tcp = idleWebSocket(conn);
    if (tcp) tcp.write(bytes);
    else for (const [index, packet] of packets.entries()) client.writeToEngine([packet], optionsFor(frames[index]));
  }
}

const optionsFor = (frame: Buffer | undefined) => ({ preEncoded: true, wsPreEncodedFrame: frame && [frame] });

/** The connection below, if it is a WebSocket and writing to it now keeps the order. */
function idleWebSocket({ readyState, writeBuffer, transport }: EngineConnection): TcpSocket | undefined {
  if (readyState !== 'open' || transport.name !== 'websocket' || !transport.writable) return undefined;
  if (writeBuffer.length > 0 || transport.socket?.readyState !== OPEN) return undefined;
  const tcp = transport.socket._socket;
  return tcp?.writable ? tcp : undefined;
}
