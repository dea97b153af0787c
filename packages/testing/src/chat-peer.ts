import { io, type Socket } from 'socket.io-client';

/** A message as a client sees it. */
export interface SeenMessage {
  id: string;
  seq: number;
  senderId: string;
  clientMessageId: string;
  kind: string;
  text?: string;
  createdAt: string;
}

/** What an ack carries: a success or one of the catalogue's refusals. */
export type Reply = { ok: true; [field: string]: unknown } | { ok: false; code: string; retryAfterMs?: number };

/** A refused connection. */
export interface RefusedConnection {
  code: string;
  position?: number;
  waitTicket?: string;
  since?: string;
  retryAfterMs?: number;
}

export interface PeerOptions {
  auth?: Record<string, unknown>;
  transports?: ('polling' | 'websocket')[];
  /** Whether Socket.IO's own reconnection is on. Give a deviceId with it, or a new connection meets the old session. */
  reconnects?: boolean;
}

/** How long an ack or a connection may take before a test fails. */
const PATIENCE_MS = 60_000;

/** An ack that is lost with its connection is known to be lost at once; this is for one that never comes. */
const ACK_PATIENCE_MS = 10_000;
const MAX_TRIES = 2_000;
const NO_ACK: Reply = { ok: false, code: 'NO_ACK', retryAfterMs: 50 };

/** A plain Socket.IO client, with nothing of the project in it, that notes all that it sees. */
export class ChatPeer {
  readonly socket: Socket;
  /** Every message of every `messages` packet, in the order of arrival, repeats included. */
  readonly seen = new Map<string, SeenMessage[]>();
  /** The highest `stored` of each conversation. */
  readonly stored = new Map<string, number>();
  readonly sessionEnds: { event: string; code: string }[] = [];
  /** The last head that a `heads` packet told of each conversation. */
  readonly heads = new Map<string, { headSeq: number; epoch: string }>();
  /** The windows of `server:draining` packets. */
  readonly draining: number[] = [];
  /** The codes with which connections were refused. */
  readonly refusals: string[] = [];
  disconnectedBy: string | undefined;

  constructor(url: string, token: string, options: PeerOptions = {}) {
    this.socket = io(url, {
      auth: { token, ...options.auth },
      transports: options.transports ?? ['websocket'],
      reconnection: options.reconnects ?? false,
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      forceNew: true,
      timeout: PATIENCE_MS,
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
    for (const event of ['session:replaced', 'session:expired']) {
      this.socket.on(event, ({ code }: { code: string }) => this.sessionEnds.push({ event, code }));
    }
    this.socket.on('connect_error', ({ message }) => this.refusals.push(message));
    this.socket.on('disconnect', (reason) => {
      this.disconnectedBy = reason;
    });
  }

  /** Resolves with undefined once connected, or with the refusal. */
  outcome(): Promise<RefusedConnection | undefined> {
    if (this.socket.connected) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.socket.once('connect', () => resolve(undefined));
      this.socket.once('connect_error', (error: Error & { data?: RefusedConnection }) => {
        this.socket.disconnect();
        resolve(error.data ?? { code: error.message });
      });
    });
  }

  emit(event: string, payload: unknown): Promise<Reply> {
    return this.socket.timeout(PATIENCE_MS).emitWithAck(event, payload) as Promise<Reply>;
  }

  /** Sends a text until it is accepted, under one id, waiting as it is told between tries and for lost acks only briefly. */
  async send(conversationId: string, clientMessageId: string, text: string): Promise<Reply> {
    const payload = { conversationId, clientMessageId, kind: 'text', text };
    for (let tries = 1; ; tries += 1) {
      const reply = (await this.socket
        .timeout(ACK_PATIENCE_MS)
        .emitWithAck('message:send', payload)
        .catch(() => NO_ACK)) as Reply;
      if (reply.ok || reply.retryAfterMs === undefined || tries === MAX_TRIES) return reply;
      await new Promise((resolve) => setTimeout(resolve, reply.retryAfterMs));
    }
  }

  /** The seqs seen in a conversation, without repeats, ascending. */
  seqs(conversationId: string): number[] {
    const seqs = new Set((this.seen.get(conversationId) ?? []).map((message) => message.seq));
    return [...seqs].sort((a, b) => a - b);
  }

  /** The chat server that holds the connection, by its session id. */
  get node(): string {
    return this.socket.io.engine.id?.split('.')[0] ?? '';
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Connects and fails unless the client is let in. Comes back when it is told that the cluster is away just now. */
export async function connectPeer(url: string, token: string, options?: PeerOptions): Promise<ChatPeer> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const peer = new ChatPeer(url, token, options);
    const refused = await peer.outcome();
    if (!refused) return peer;
    if (refused.code !== 'UNAVAILABLE' || performance.now() > endsAt) {
      throw new Error(`refused: ${JSON.stringify(refused)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, refused.retryAfterMs));
  }
}
