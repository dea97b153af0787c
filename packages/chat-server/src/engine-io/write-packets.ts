import type { Socket as TcpSocket } from 'node:net';
import type { ClientSocket } from './client-connection.ts';
import { textFrame } from './websocket-frame.ts';

/** Engine.IO's packet type "message", which precedes a Socket.IO packet. */
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

/** The parts of a Socket.IO socket that its types declare private. */
interface SocketParts {
  readonly conn: EngineConnection;
  readonly client: EngineClient;
}

interface EngineClient {
  readonly conn: EngineConnection;
  /** Takes the parts of one Socket.IO packet: its text, then its binary attachments. */
  writeToEngine(packets: readonly (string | Buffer)[], options: { readonly preEncoded?: boolean }): void;
}

/** `WebSocket.OPEN` */
const OPEN = 1;

/** Socket.IO packets, encoded once for all receivers. */
export interface EncodedPackets {
  /** All packets as WebSocket frames, for one write to a TCP socket. */
  readonly bytes: Buffer;
  /** The packets one by one, for Engine.IO. */
  readonly packets: readonly { readonly text: string; readonly options: object }[];
}

/** @param packets without Engine.IO's packet type */
export function encodePackets(packets: readonly string[]): EncodedPackets {
  const frames = packets.map((packet) => textFrame(MESSAGE + packet));
  return {
    bytes: frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames),
    packets: packets.map((text, index) => ({
      text,
      options: { preEncoded: true, wsPreEncodedFrame: [frames[index]] },
    })),
  };
}

/**
 * Writes packets to one client, after everything that was written to it before.
 *
 * On a WebSocket whose buffers are empty all packets take one write to the TCP socket, which skips Engine.IO's steps for each packet
 * and client. In every other case they go through Engine.IO.
 */
export function writePackets({ bytes, packets }: EncodedPackets, socket: ClientSocket): void {
  const { conn, client } = socket as unknown as SocketParts;
  const tcp = idleWebSocket(conn);
  if (tcp) tcp.write(bytes);
  else for (const { text, options } of packets) client.writeToEngine([text], options);
}

/**
 * Makes packets for this client alone (mostly acks) bypass Engine.IO as well while its buffers are empty. This halves the cost of
 * an ack.
 */
export function writeAcksDirectly(socket: ClientSocket): void {
  (socket as unknown as SocketParts).client.writeToEngine = writeDirectly;
}

function writeDirectly(this: EngineClient, ...[packets, options]: Parameters<EngineClient['writeToEngine']>): void {
  const [text] = packets;
  const tcp = packets.length === 1 && typeof text === 'string' && !options.preEncoded && idleWebSocket(this.conn);
  if (tcp) tcp.write(textFrame(MESSAGE + text));
  else (Object.getPrototypeOf(this) as EngineClient).writeToEngine.call(this, packets, options);
}

/** Returns the TCP socket of a WebSocket if nothing waits above it: then a direct write keeps the order. */
function idleWebSocket({ readyState, writeBuffer, transport }: EngineConnection): TcpSocket | undefined {
  if (readyState !== 'open' || transport.name !== 'websocket' || !transport.writable) return undefined;
  if (writeBuffer.length > 0 || transport.socket?.readyState !== OPEN) return undefined;
  const tcp = transport.socket._socket;
  return tcp?.writable ? tcp : undefined;
}
