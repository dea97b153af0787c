import { setTimeout as pause } from 'node:timers/promises';
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

type RefusedError = Error & { data?: RefusedConnection };

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

/** How a connection ends that broke before anybody had decided about it. */
const BROKEN: RefusedConnection = { code: 'UNAVAILABLE', retryAfterMs: 500 };

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
  /** How many requests were made again, since they were refused for a while: they may have been carried out nevertheless. */
  repeats = 0;
  #comingBack: NodeJS.Timeout | undefined;

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
    this.socket.on('connect_error', ({ message, data }: RefusedError) => {
      this.refusals.push(message);
      // Socket.IO's own reconnection ends with a refusal.
      if (options.reconnects && message === 'UNAVAILABLE') {
        this.#comingBack = setTimeout(() => this.socket.connect(), data?.retryAfterMs);
      }
    });
    this.socket.on('disconnect', (reason) => {
      this.disconnectedBy = reason;
    });
  }

  /** Resolves with undefined once connected, or with the refusal. */
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
      // Instead of the former, where the transport closes while the client waits to be let in.
      const broken = () => settle(BROKEN);
      socket.on('connect', connected).on('connect_error', refused).on('disconnect', broken);
    });
  }

  /** Asks until there is an answer other than that a part of the cluster is away just now. */
  async emit(event: string, payload: unknown): Promise<Reply> {
    const endsAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const reply = await this.emitOnce(event, payload);
      if (reply.ok || reply.code !== 'UNAVAILABLE' || performance.now() > endsAt) return reply;
      this.repeats += 1;
      await pause(reply.retryAfterMs);
    }
  }

  /** Asks once: for tests of the refusal itself. */
  emitOnce(event: string, payload: unknown): Promise<Reply> {
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
      this.repeats += 1;
      await pause(reply.retryAfterMs);
    }
  }

  /** What was seen in a conversation, each message once, in its order. */
  messages(conversationId: string): SeenMessage[] {
    const bySeq = new Map((this.seen.get(conversationId) ?? []).map((message) => [message.seq, message]));
    return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  /** The seqs seen in a conversation, without repeats, ascending. */
  seqs(conversationId: string): number[] {
    return this.messages(conversationId).map(({ seq }) => seq);
  }

  /** The chat server that holds the connection, by its session id. */
  get node(): string {
    return this.socket.io.engine.id?.split('.')[0] ?? '';
  }

  close(): void {
    clearTimeout(this.#comingBack);
    this.socket.disconnect();
  }
}

/** Connects and fails unless the client is let in. */
export async function connectPeer(url: string, token: string, options?: PeerOptions): Promise<ChatPeer> {
  const { peer, refusal } = await askToConnect(() => new ChatPeer(url, token, options));
  if (refusal) throw new Error(`refused: ${JSON.stringify(refusal)}`);
  return peer;
}

/** Connects, also again, until there is an answer other than that a part of the cluster is away just now. */
export async function askToConnect(
  newPeer: () => ChatPeer,
): Promise<{ peer: ChatPeer; refusal: RefusedConnection | undefined }> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const peer = newPeer();
    const refusal = await peer.outcome();
    if (refusal?.code !== 'UNAVAILABLE' || performance.now() > endsAt) return { peer, refusal };
    await pause(refusal.retryAfterMs);
  }
}
