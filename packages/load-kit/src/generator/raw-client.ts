import { connect, type Socket } from 'node:net';
import type { ClientIdentity, ProtocolAdapter, Request } from './protocol-adapter.ts';
import { encodeFrame, FrameReader, OPCODES, upgradeRequest } from './web-socket-frames.ts';

const CONNECT_DEADLINE_MS = 30_000;
const READ_BUFFER_BYTES = 262_144;

/** Shared by all connections of a process. The bytes of a read are processed before the next read. */
const readBuffer = Buffer.alloc(READ_BUFFER_BYTES);

const CHARACTER = { open: 0x30, close: 0x31, ping: 0x32, message: 0x34 } as const;
const PACKET = { connect: 0x30, disconnect: 0x31, event: 0x32, ack: 0x33, error: 0x34 } as const;
const PONG = encodeFrame(OPCODES.text, '3');

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Callbacks of a client. The buffer is valid only during the call. */
export interface ClientEvents {
  /** An event packet. Its JSON array is between `start` and `end`. */
  onEvent(client: RawClient, buffer: Buffer, start: number, end: number): void;
  onReply(client: RawClient, setupRequest: Request, reply: unknown): void;
  /** A ready connection was closed. */
  onClosed(client: RawClient, reason: string): void;
}

type Ack = (reply: unknown) => void;

/**
 * A Socket.IO client on a raw WebSocket with its own implementation of Engine.IO 4 and Socket.IO 5. Ten thousand of them fit into
 * one process and use little CPU next to the measured servers.
 *
 * `idle` → `connecting` (TCP, upgrade, Engine.IO's open, Socket.IO's connect, the setup requests) → `ready` → `idle`.
 */
export class RawClient {
  readonly identity: ClientIdentity;
  readonly #address: Address;
  readonly #adapter: ProtocolAdapter;
  readonly #events: ClientEvents;
  #socket: Socket | undefined;
  #reader = new FrameReader();
  #state: 'idle' | 'connecting' | 'ready' = 'idle';
  #acks = new Map<number, Ack>();
  #lastAckId = 0;
  #settle: ((failure: string | undefined) => void) | undefined;

  constructor(identity: ClientIdentity, address: Address, adapter: ProtocolAdapter, events: ClientEvents) {
    this.identity = identity;
    this.#address = address;
    this.#adapter = adapter;
    this.#events = events;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Makes one attempt. @returns the reason of the failure, or undefined when the client is ready */
  connect(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#end('no answer'), CONNECT_DEADLINE_MS);
      this.#settle = (failure) => {
        clearTimeout(deadline);
        resolve(failure);
      };
      this.#state = 'connecting';
      this.#reader = new FrameReader();
      this.#acks = new Map();
      const { host, port } = this.#address;
      const socket = connect({
        host,
        port,
        noDelay: true,
        onread: {
          buffer: readBuffer,
          callback: (size) => {
            this.#read(size);
            return true;
          },
        },
      });
      this.#socket = socket;
      socket.on('connect', () =>
        socket.write(upgradeRequest(`${host}:${port}`, '/socket.io/?EIO=4&transport=websocket')),
      );
      socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message, socket));
      socket.on('close', () => this.#end('closed', socket));
    });
  }

  /** Sends a request. `onReply` is not called if the connection ends before the reply. */
  ask([event, payload]: Request, onReply: Ack): void {
    this.#lastAckId += 1;
    this.#acks.set(this.#lastAckId, onReply);
    this.#socket?.write(encodeFrame(OPCODES.text, `42${this.#lastAckId}${JSON.stringify([event, payload])}`));
  }

  /** Closes the connection without a close handshake, as a failing network does. */
  cut(): void {
    this.#end('cut');
  }

  #read(size: number): void {
    try {
      this.#reader.read(readBuffer, size, this.#onFrame);
    } catch (error) {
      this.#end((error as Error).message);
    }
  }

  readonly #onFrame = (opcode: number, buffer: Buffer, start: number, end: number): void => {
    if (opcode === OPCODES.text) this.#onPacket(buffer, start, end);
    else if (opcode === OPCODES.close)
      this.#end(end - start >= 2 ? `closed with ${buffer.readUInt16BE(start)}` : 'closed');
    else if (opcode === OPCODES.ping)
      this.#socket?.write(encodeFrame(OPCODES.pong, Buffer.from(buffer.subarray(start, end))));
  };

  #onPacket(buffer: Buffer, start: number, end: number): void {
    const engineType = buffer[start];
    if (engineType === CHARACTER.ping) this.#socket?.write(PONG);
    else if (engineType === CHARACTER.open) this.#send(`40${JSON.stringify(this.#adapter.auth(this.identity))}`);
    else if (engineType === CHARACTER.close) this.#end('closed by the server');
    else if (engineType === CHARACTER.message) this.#onMessage(buffer, start + 1, end);
  }

  #onMessage(buffer: Buffer, start: number, end: number): void {
    const type = buffer[start];
    if (type === PACKET.event) this.#events.onEvent(this, buffer, start + 1, end);
    else if (type === PACKET.ack) this.#onAck(buffer.toString('utf8', start + 1, end));
    else if (type === PACKET.connect) this.#runSetupRequests([...this.#adapter.setupRequests(this.identity)]);
    else if (type === PACKET.disconnect) this.#end('disconnected by the server');
    else if (type === PACKET.error) {
      const { message } = JSON.parse(buffer.toString('utf8', start + 1, end)) as { message?: string };
      this.#end(message ?? 'refused');
    }
  }

  #onAck(packet: string): void {
    const idEnd = packet.indexOf('[');
    const id = Number(packet.slice(0, idEnd));
    const onReply = this.#acks.get(id);
    this.#acks.delete(id);
    onReply?.((JSON.parse(packet.slice(idEnd)) as unknown[])[0]);
  }

  #runSetupRequests(setupRequests: Request[]): void {
    const setupRequest = setupRequests.shift();
    if (!setupRequest) {
      this.#state = 'ready';
      this.#settle?.(undefined);
      return;
    }
    this.ask(setupRequest, (reply) => {
      const { ok, code } = reply as { ok?: boolean; code?: string };
      if (ok) {
        this.#events.onReply(this, setupRequest, reply);
        this.#runSetupRequests(setupRequests);
      } else this.#end(code ?? 'refused');
    });
  }

  #send(packet: string): void {
    this.#socket?.write(encodeFrame(OPCODES.text, packet));
  }

  /** @param socket the socket that ended; ignored unless it is the current one */
  #end(reason: string, socket = this.#socket): void {
    if (socket !== this.#socket || this.#state === 'idle') return;
    const wasReady = this.#state === 'ready';
    this.#state = 'idle';
    this.#socket = undefined;
    socket?.destroy();
    if (wasReady) this.#events.onClosed(this, reason);
    else this.#settle?.(reason);
  }
}
