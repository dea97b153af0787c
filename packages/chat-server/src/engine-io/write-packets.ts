import type { Socket as TcpSocket } from 'node:net';
import type { ChatSocket } from '../socket-types.ts';
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
  readonly client: EngineClient;
}

interface EngineClient {
  readonly conn: EngineConnection;
  /** Takes a Socket.IO packet: its text, and what of it is binary after that. */
  writeToEngine(packets: readonly (string | Buffer)[], options: { readonly preEncoded?: boolean }): void;
}

/** `WebSocket.OPEN` */
const OPEN = 1;

/** Socket.IO packets in the forms that connections take, made once for all of them. */
export interface EncodedPackets {
  readonly bytes: Buffer;
  /** One by one, for Engine.IO. */
  readonly packets: readonly { readonly text: string; readonly options: object }[];
}

/** @param packets without Engine.IO's type */
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
 * Writes packets to a client. On a WebSocket on which nothing waits they take one write, past Engine.IO, which would take several
 * steps for each packet and client; otherwise they go through Engine.IO, after what waits.
 */
export function writePackets({ bytes, packets }: EncodedPackets, socket: ChatSocket): void {
  const { conn, client } = socket as unknown as ConnectionParts;
  const tcp = idleWebSocket(conn);
  if (tcp) tcp.write(bytes);
  else for (const { text, options } of packets) client.writeToEngine([text], options);
}

/**
 * Lets what Socket.IO has to say to this client alone, acks above all, go past Engine.IO as well where nothing waits: about
 * half of what an ack costs.
 */
export function writeAcksDirectly(socket: ChatSocket): void {
  (socket as unknown as ConnectionParts).client.writeToEngine = writeDirectly;
}

function writeDirectly(this: EngineClient, ...[packets, options]: Parameters<EngineClient['writeToEngine']>): void {
  const [text] = packets;
  const tcp = packets.length === 1 && typeof text === 'string' && !options.preEncoded && idleWebSocket(this.conn);
  if (tcp) tcp.write(textFrame(MESSAGE + text));
  else (Object.getPrototypeOf(this) as EngineClient).writeToEngine.call(this, packets, options);
}

/** The connection below, if it is a WebSocket and writing to it now keeps the order. */
function idleWebSocket({ readyState, writeBuffer, transport }: EngineConnection): TcpSocket | undefined {
  if (readyState !== 'open' || transport.name !== 'websocket' || !transport.writable) return undefined;
  if (writeBuffer.length > 0 || transport.socket?.readyState !== OPEN) return undefined;
  const tcp = transport.socket._socket;
  return tcp?.writable ? tcp : undefined;
}
