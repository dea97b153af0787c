import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';

/** A message as a client receives it. */
export interface SeenMessage {
  id: string;
  seq: number;
  senderId: string;
  clientMessageId: string;
  kind: string;
  text?: string;
  createdAt: string;
}

/** An ack: success, or an error of the catalogue. */
export type Reply = { ok: true; [field: string]: unknown } | { ok: false; code: string; retryAfterMs?: number };

/** A refused connection. */
export interface RefusedConnection {
  code: string;
  position?: number;
  waitTicket?: string;
  since?: string;
  retryAfterMs?: number;
}

type RefusedError = Error & { data?: RefusedConnection };

export interface PeerOptions {
  auth?: Record<string, unknown>;
  transports?: ('polling' | 'websocket')[];
  /** Headers of the handshake. */
  headers?: Record<string, string>;
  /** The loopback address that it connects from, such as 127.0.0.2. Default: 127.0.0.1 */
  from?: string;
  /** Enables Socket.IO's own reconnection. Needs a deviceId: without one the server refuses the second session. */
  reconnects?: boolean;
}

/** How long an ack or a connection may take before a test fails. */
const TIMEOUT_MS = 60_000;

/** For an ack that never arrives. An ack that is lost with its connection fails at once. */
const ACK_TIMEOUT_MS = 10_000;
const MAX_TRIES = 2_000;
/** More acks than this in succession are not lost by chance: the connection is gone. */
const MAX_LOST_ACKS = 6;
const NO_ACK: Reply = { ok: false, code: 'NO_ACK', retryAfterMs: 50 };

/** The outcome of a connection that broke before the server accepted or refused it. */
const BROKEN: RefusedConnection = { code: 'UNAVAILABLE', retryAfterMs: 500 };

/** A plain Socket.IO client without any code of the project. It records everything that it receives. */
export class ChatPeer {
  readonly socket: Socket;
  /** All messages by conversation, in the order of arrival, with repeats. */
  readonly seen = new Map<string, SeenMessage[]>();
  /** The highest `stored` packet by conversation. */
  readonly stored = new Map<string, number>();
  readonly sessionEnds: { event: string; code: string }[] = [];
  /** `endsAt` of the `session:idle` packets. */
  readonly idleWarnings: string[] = [];
  /** The last head by conversation. */
  readonly heads = new Map<string, { headSeq: number; epoch: string }>();
  /** `reconnectWithinMs` of the `server:draining` packets. */
  readonly draining: number[] = [];
  /** The codes of refused connections. */
  readonly refusals: string[] = [];
  disconnectedBy: string | undefined;
  /** Number of repeated requests. A request that failed with a retryable error may have taken effect. */
  repeats = 0;
  readonly #reconnects: boolean;
  #reconnect: NodeJS.Timeout | undefined;

  constructor(url: string, token: string, options: PeerOptions = {}) {
    this.#reconnects = options.reconnects ?? false;
    this.socket = io(url, {
      auth: { token, ...options.auth },
      transports: options.transports ?? ['websocket'],
      reconnection: options.reconnects ?? false,
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      forceNew: true,
      ...(options.headers && { extraHeaders: options.headers }),
      // engine.io-client's types are those of browsers, where there is no such option.
      ...(options.from && { agent: new Agent({ localAddress: options.from }) as unknown as string }),
      timeout: TIMEOUT_MS,
    });
    this.socket.on('messages', (packet: { conversationId: string; messages: SeenMessage[] }) => {
      const messages = this.seen.get(packet.conversationId) ?? [];
      messages.push(...packet.messages);
      this.seen.set(packet.conversationId, messages);
    });
    this.socket.on('stored', ({ conversationId, seq }: { conversationId: string; seq: number }) => {
      this.stored.set(conversationId, Math.max(seq, this.stored.get(conversationId) ?? 0));
    });
    this.socket.on('heads', (heads: { conversationId: string; headSeq: number; epoch: string }[]) => {
      for (const { conversationId, ...head } of heads) this.heads.set(conversationId, head);
    });
    this.socket.on('server:draining', ({ reconnectWithinMs }: { reconnectWithinMs: number }) => {
      this.draining.push(reconnectWithinMs);
    });
    this.socket.on('session:idle', ({ endsAt }: { endsAt: string }) => this.idleWarnings.push(endsAt));
    for (const event of ['session:replaced', 'session:expired']) {
      this.socket.on(event, ({ code }: { code: string }) => this.sessionEnds.push({ event, code }));
    }
    this.socket.on('connect_error', ({ message, data }: RefusedError) => {
      this.refusals.push(message);
      // Socket.IO does not reconnect after a refusal.
      if (options.reconnects && (message === 'UNAVAILABLE' || message === 'SERVER_FULL')) {
        this.socket.auth = { token, ...options.auth, waitTicket: data?.waitTicket };
        this.#reconnect = setTimeout(() => this.socket.connect(), data?.retryAfterMs);
      }
    });
    this.socket.on('disconnect', (reason) => {
      this.disconnectedBy = reason;
    });
  }

  /** Resolves with undefined when connected, or with the refusal. */
  outcome(): Promise<RefusedConnection | undefined> {
    if (this.socket.connected) return Promise.resolve(undefined);
    const { socket } = this;
    return new Promise((resolve) => {
      const settle = (refusal?: RefusedConnection) => {
        socket.off('connect', connected).off('connect_error', refused).off('disconnect', broken);
        if (refusal) this.close();
        resolve(refusal);
      };
      const connected = () => settle();
      const refused = ({ message, data }: RefusedError) => settle(data ?? { code: message });
      // Emitted instead of `connect_error` when the transport closes before the server answers the handshake.
      const broken = () => settle(BROKEN);
      socket.on('connect', connected).on('connect_error', refused).on('disconnect', broken);
    });
  }

  /** Emits an event and waits for its ack. Retries while the ack is `UNAVAILABLE`. */
  async emit(event: string, payload: unknown): Promise<Reply> {
    const endsAt = performance.now() + TIMEOUT_MS;
    for (;;) {
      const reply = await this.emitOnce(event, payload);
      if (reply.ok || reply.code !== 'UNAVAILABLE' || performance.now() > endsAt) return reply;
      this.repeats += 1;
      await pause(reply.retryAfterMs);
    }
  }

  /** Emits an event once, for tests of the error itself. */
  emitOnce(event: string, payload: unknown): Promise<Reply> {
    return this.socket.timeout(TIMEOUT_MS).emitWithAck(event, payload) as Promise<Reply>;
  }

  /**
   * Sends a text with one id until it is acked. Waits `retryAfterMs` between attempts, and only briefly for a lost ack. Gives up
   * when the connection is lost and nothing restores it.
   */
  async send(conversationId: string, clientMessageId: string, text: string): Promise<Reply> {
    const payload = { conversationId, clientMessageId, kind: 'text', text };
    let lostAcks = 0;
    for (let tries = 1; ; tries += 1) {
      const reply = (await this.socket
        .timeout(ACK_TIMEOUT_MS)
        .emitWithAck('message:send', payload)
        .catch(() => NO_ACK)) as Reply;
      lostAcks = reply === NO_ACK ? lostAcks + 1 : 0;
      if (reply.ok || reply.retryAfterMs === undefined || tries === MAX_TRIES) return reply;
      if (lostAcks === MAX_LOST_ACKS || (!this.#reconnects && this.disconnectedBy !== undefined)) return reply;
      this.repeats += 1;
      await pause(reply.retryAfterMs);
    }
  }

  /** Returns the received messages of a conversation by `seq`, each once. */
  messages(conversationId: string): SeenMessage[] {
    const bySeq = new Map((this.seen.get(conversationId) ?? []).map((message) => [message.seq, message]));
    return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Returns the received seqs of a conversation, ascending, each once. */
  seqs(conversationId: string): number[] {
    return this.messages(conversationId).map(({ seq }) => seq);
  }

  /** The chat server that holds the connection: the session id begins with its name. */
  get node(): string {
    return this.socket.io.engine.id?.split('.')[0] ?? '';
  }

  close(): void {
    clearTimeout(this.#reconnect);
    this.socket.disconnect();
  }
}

/** Connects. @throws Error when the server refuses the connection */
export async function connectPeer(url: string, token: string, options?: PeerOptions): Promise<ChatPeer> {
  const { peer, refusal } = await askToConnect(() => new ChatPeer(url, token, options));
  if (refusal) throw new Error(`refused: ${JSON.stringify(refusal)}`);
  return peer;
}

/** Connects. Retries while the refusal is `UNAVAILABLE`. */
export async function askToConnect(
  newPeer: () => ChatPeer,
): Promise<{ peer: ChatPeer; refusal: RefusedConnection | undefined }> {
  const endsAt = performance.now() + TIMEOUT_MS;
  for (;;) {
    const peer = newPeer();
    const refusal = await peer.outcome();
    if (refusal?.code !== 'UNAVAILABLE' || performance.now() > endsAt) return { peer, refusal };
    await pause(refusal.retryAfterMs);
  }
}
