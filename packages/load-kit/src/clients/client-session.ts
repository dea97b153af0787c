import type { ErrorBody, Handshake, HeadsPacket, MessagesPacket, StoredPacket } from '@parley/protocol';
import { io, type Socket } from 'socket.io-client';
import type { Recorder } from '../events/recorder.ts';

const CONNECT_DEADLINE_MS = 6_000;
const ACK_DEADLINE_MS = 5_000;

/** The ack of a request. `NO_ANSWER` stands for an ack that did not arrive in time. */
export type Reply<T> = (T & { ok: true }) | ({ ok: false; code: string } & Partial<Omit<ErrorBody, 'code'>>);

export interface OpenSessionOptions {
  readonly url: string;
  readonly client: string;
  readonly handshake: Handshake;
  readonly transports: ('polling' | 'websocket')[];
  readonly recorder: Recorder;
  readonly onMessages?: (packet: MessagesPacket) => void;
  readonly onHeads?: (packet: HeadsPacket) => void;
  readonly onStored?: (packet: StoredPacket) => void;
}

export type HandshakeOutcome =
  | { readonly kind: 'opened'; readonly session: ClientSession }
  | { readonly kind: 'rejected'; readonly code: string; readonly error: Partial<ErrorBody> };

/** One accepted connection of socket.io-client. Records its start, its end and every request that the server executed. */
export class ClientSession {
  /** Resolves with the reason when the session ends. */
  readonly ended: Promise<string>;
  readonly #socket: Socket;
  readonly #number: number;
  readonly #options: OpenSessionOptions;
  #reason = 'lost';

  constructor(socket: Socket, options: OpenSessionOptions) {
    const { client, recorder } = options;
    this.#socket = socket;
    this.#options = options;
    this.#number = recorder.newSession();
    const node = socket.io.engine.id?.split('.')[0] ?? '';
    recorder.add({ type: 'opened', client, session: this.#number, node });
    for (const event of ['session:replaced', 'session:expired', 'server:draining']) {
      socket.on(event, ({ code = event }: { code?: string }) => {
        this.#reason = code;
        socket.disconnect();
      });
    }
    this.ended = new Promise((resolve) => {
      socket.once('disconnect', (how) => {
        recorder.add({ type: 'closed', client, session: this.#number, reason: `${this.#reason} (${how})` });
        resolve(this.#reason);
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.connected;
  }

  /** Sends a request and resolves with its ack. Never rejects. */
  async request<T>(event: string, payload: object): Promise<Reply<T>> {
    const { client, recorder } = this.#options;
    if (!this.isOpen) return { ok: false, code: 'NO_ANSWER' };
    const askedAtMs = recorder.nowMs();
    try {
      const reply = (await this.#socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, payload)) as Reply<T>;
      if (reply.ok) recorder.add({ type: 'served', client, session: this.#number, askedAtMs });
      return reply;
    } catch {
      return { ok: false, code: 'NO_ANSWER' };
    }
  }

  /** Pauses or resumes reading from the WebSocket. socket.io-client has no public method for this. */
  setReading(isReading: boolean): void {
    const { transport } = this.#socket.io.engine as unknown as {
      transport: { ws?: { pause(): void; resume(): void } };
    };
    if (isReading) transport.ws?.resume();
    else transport.ws?.pause();
  }

  close(): void {
    this.#reason = 'left';
    this.#socket.disconnect();
  }
}

/** Makes one connection attempt. Never rejects. */
export function openSession(options: OpenSessionOptions): Promise<HandshakeOutcome> {
  const { url, client, handshake, transports, recorder, onMessages, onHeads, onStored } = options;
  return new Promise((resolve) => {
    const socket = io(url, {
      auth: handshake,
      transports,
      reconnection: false,
      forceNew: true,
      timeout: CONNECT_DEADLINE_MS,
    });
    const reject = (code: string, error: Partial<ErrorBody> = {}) => {
      clearTimeout(deadline);
      socket.removeAllListeners();
      socket.disconnect();
      recorder.add({ type: 'rejected', client, code });
      resolve({ kind: 'rejected', code, error });
    };
    // `timeout` of socket.io-client covers the transport only, not the Socket.IO handshake on top of it.
    const deadline = setTimeout(() => reject('NO_ANSWER'), CONNECT_DEADLINE_MS);
    if (onMessages) socket.on('messages', onMessages);
    if (onHeads) socket.on('heads', onHeads);
    if (onStored) socket.on('stored', onStored);
    socket.once('connect_error', (error: Error & { data?: Partial<ErrorBody> }) =>
      reject(error.data?.code ?? 'UNREACHABLE', error.data),
    );
    socket.once('connect', () => {
      clearTimeout(deadline);
      resolve({ kind: 'opened', session: new ClientSession(socket, options) });
    });
  });
}
