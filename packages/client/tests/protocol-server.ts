import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from '@jest/globals';
import type {
  ClientToServerEvents,
  Conversation,
  ConversationId,
  ErrorBody,
  Handshake,
  Message,
  SendPayload,
  Seq,
  ServerToClientEvents,
  User,
} from '@parley/protocol';
import { Server, type Socket } from 'socket.io';
import { clientFile } from './browser/client-files.ts';

type ServerSocket = Socket<ClientToServerEvents, ServerToClientEvents>;

export const refusal = (code: ErrorBody['code'], details: Partial<ErrorBody> = {}): ErrorBody => ({
  code,
  message: `refused: ${code}`,
  retryable: ['SERVER_FULL', 'BUSY', 'UNAVAILABLE', 'SHUTTING_DOWN', 'RATE_LIMITED'].includes(code),
  ...details,
});

/**
 * The other side of the wire, for one client: it speaks the protocol over a real Socket.IO and HTTP server, keeps one
 * conversation, the lobby, in memory, and does what the test tells it to.
 */
export class ProtocolServer {
  readonly me = { id: 'u-me', username: 'me', displayName: 'Me' } as User;
  readonly messages: Message[] = [];
  readonly handshakes: Handshake[] = [];
  readonly sends: SendPayload[] = [];
  readonly requests: string[] = [];
  /** Decides over a handshake. */
  admit: (handshake: Handshake) => ErrorBody | undefined = () => undefined;
  /** Decides over a message before it is accepted; 'silence' accepts it and loses the ack, 'lost' loses the message. */
  judge: (payload: SendPayload) => ErrorBody | 'silence' | 'lost' | undefined = () => undefined;
  /** Brings what the server emits to the client, or not, or twice, or later. */
  deliver: (emit: () => void) => void = (emit) => emit();
  /** Whether an accepted message is published at once. */
  publishes = true;
  tokenLifeMs = 900_000;
  loginHolds = true;
  storedSeq = 0;
  #epochs = 1;
  #tokens = 0;
  /** What the server remembers of accepted ids. */
  readonly #accepted = new Map<string, Message>();
  readonly #http = createServer((request, response) => void this.#answer(request, response));
  readonly io = new Server<ClientToServerEvents, ServerToClientEvents>(this.#http);

  static async start(): Promise<ProtocolServer> {
    const server = new ProtocolServer();
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    afterAll(() => server.io.close());
    return server;
  }

  private constructor() {
    this.io.use((socket, next) => {
      const handshake = socket.handshake.auth as Handshake;
      this.handshakes.push(handshake);
      const data = this.admit(handshake);
      next(data && Object.assign(new Error(data.code), { data }));
    });
    this.io.on('connection', (socket) => {
      this.#replaceOthers(socket);
      this.#serve(socket);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get epoch(): string {
    return `epoch-${this.#epochs}`;
  }

  get lobby(): Conversation {
    return {
      id: 'lobby',
      kind: 'channel',
      title: 'Lobby',
      createdAt: '2026-01-01T00:00:00.000Z',
      members: [],
      headSeq: this.messages.length,
    } as unknown as Conversation;
  }

  /** Accepts a message of someone else; shows it to the client unless told otherwise. */
  say(text: string, options: { quietly?: boolean } = {}): Message {
    const clientMessageId = `ada-${randomUUID()}`;
    return this.#accept({ senderId: 'u-ada', clientMessageId, text }, options.quietly !== true);
  }

  publish(...messages: Message[]): void {
    this.deliver(() => this.io.emit('messages', { conversationId: this.lobby.id, messages }));
  }

  /** Everything that was accepted up to now is in the history store. */
  store(): void {
    const seq = this.messages.length;
    this.storedSeq = seq;
    if (seq > 0) this.deliver(() => this.io.emit('stored', this.#storedPacket(seq as Seq)));
  }

  announceHeads(): void {
    const { id: conversationId, headSeq } = this.lobby;
    this.io.emit('heads', [{ conversationId, headSeq, storedSeq: this.storedSeq, epoch: this.epoch }]);
  }

  /** Loses up to this many messages that are not stored, and every id that was accepted, as Redis can. */
  loseTail(messages: number): void {
    this.messages.length = Math.max(this.storedSeq, this.messages.length - messages);
    this.#accepted.clear();
    this.#epochs += 1;
  }

  /** Forgets everything, as for another test. */
  reset(): void {
    this.storedSeq = 0;
    this.loseTail(Number.POSITIVE_INFINITY);
    this.deliver = (emit) => emit();
    this.judge = () => undefined;
    this.admit = () => undefined;
    this.publishes = true;
    this.tokenLifeMs = 900_000;
    this.loginHolds = true;
    for (const seen of [this.sends, this.requests, this.handshakes]) seen.length = 0;
  }

  /** Cuts the connections without a word. */
  cut(): void {
    this.io.disconnectSockets(true);
  }

  #storedPacket(seq: Seq) {
    return { conversationId: this.lobby.id, seq, epoch: this.epoch };
  }

  #accept(fields: { senderId: string; clientMessageId: string; text: string | undefined }, publish: boolean): Message {
    const seq = this.messages.length + 1;
    const createdAt = new Date().toISOString();
    const message = { id: randomUUID(), seq, kind: 'text', createdAt, ...fields } as unknown as Message;
    this.messages.push(message);
    this.#accepted.set(fields.clientMessageId, message);
    if (publish) this.publish(message);
    return message;
  }

  /** There is one session: a new one ends the others. */
  #replaceOthers(socket: ServerSocket): void {
    for (const other of this.io.sockets.sockets.values()) {
      if (other === socket) continue;
      other.emit('session:replaced', { code: 'REPLACED', message: 'You continue elsewhere.' });
      other.disconnect(true);
    }
  }

  #serve(socket: ServerSocket): void {
    const { me } = this;
    socket.on('session:hello', ({ timezone }, ack) => {
      const now = new Date().toISOString();
      const session = { userId: me.id, node: 'chat-server-1', startedAt: now, expiresAt: now, timezone };
      const { id: conversationId, headSeq } = this.lobby;
      ack({
        ok: true,
        session,
        heads: [{ conversationId, headSeq, storedSeq: this.storedSeq, readSeq: 0, epoch: this.epoch }],
      });
    });
    socket.on('message:send', (payload, ack) => {
      this.sends.push(payload);
      const verdict = this.judge(payload);
      if (verdict === 'lost') return;
      if (verdict && verdict !== 'silence') return ack({ ok: false, ...verdict });
      const { clientMessageId, text } = payload;
      const before = this.#accepted.get(clientMessageId);
      const message = before ?? this.#accept({ senderId: me.id, clientMessageId, text }, this.publishes);
      if (verdict !== 'silence') ack({ ok: true, message, duplicate: before !== undefined });
    });
    socket.on('messages:since', ({ cursors, limit = 200 }, ack) => {
      this.requests.push('messages:since');
      const conversations = cursors.map(({ conversationId, afterSeq }) => {
        const newer = this.messages.slice(afterSeq);
        const headSeq = this.messages.length;
        return {
          conversationId: conversationId as ConversationId,
          messages: newer.slice(0, limit),
          headSeq,
          epoch: this.epoch,
          hasMore: newer.length > limit,
        };
      });
      ack({ ok: true, conversations });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname.startsWith('/socket.io')) return;
    this.requests.push(`${request.method} ${url.pathname}`);
    const reply = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    if (url.pathname.startsWith('/api/auth/')) {
      if (!this.loginHolds) return reply(401, refusal('UNAUTHENTICATED'));
      this.#tokens += 1;
      const expiresAt = new Date(Date.now() + this.tokenLifeMs).toISOString();
      const cookie = `parley_refresh=r${this.#tokens}; HttpOnly; Path=/api/auth`;
      return reply(200, { user: this.me, accessToken: `t${this.#tokens}`, expiresAt }, { 'set-cookie': cookie });
    }
    if (url.pathname === '/api/conversations') return reply(200, { conversations: [this.lobby] });
    if (url.pathname === '/api/users')
      return reply(200, { users: [{ id: 'u-ada', username: 'ada', displayName: 'Ada' }] });
    if (url.pathname === '/api/conversations/lobby/messages') {
      const before = Number(url.searchParams.get('before') ?? Number.MAX_SAFE_INTEGER);
      const limit = Number(url.searchParams.get('limit') ?? 50);
      const older = this.messages.filter(({ seq }) => seq < before);
      const messages = older.slice(-limit);
      return reply(200, {
        messages,
        headSeq: this.messages.length,
        epoch: this.epoch,
        hasMore: older.length > messages.length,
      });
    }
    const file = await clientFile(url.pathname);
    if (!file) return reply(404, refusal('NOT_FOUND'));
    response.writeHead(200, { 'content-type': file.contentType }).end(file.body);
  }
}
