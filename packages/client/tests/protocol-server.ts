// Above 300 lines: it is one scripted server, with an answer to every call of the client.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from '@jest/globals';
import type {
  Ack,
  ChangeKind,
  ClientToServerEvents,
  Conversation,
  ConversationId,
  ConversationKind,
  DeletePayload,
  DeliveredPayload,
  EditPayload,
  ErrorBody,
  Handshake,
  Message,
  PresencePacket,
  ReactPayload,
  ReadPayload,
  Receipt,
  SearchPage,
  SendPayload,
  SendReply,
  Seq,
  ServerToClientEvents,
  TypingPayload,
  User,
} from '@parley/protocol';
import { SYSTEM_ID } from '@parley/protocol/constants';
import { Server, type Socket } from 'socket.io';
import { answerRest } from './protocol-server-rest.ts';

export { newErrorBody } from './new-error-body.ts';

type ServerSocket = Socket<ClientToServerEvents, ServerToClientEvents>;

/** A change of a message that the client requested. */
export type ChangePayload = EditPayload | DeletePayload | ReactPayload;

/** The content of a message. */
type Accepted = { clientMessageId: string } & Partial<Pick<Message, 'kind' | 'text' | 'replyTo'>>;

type Verdict = ErrorBody | 'silence' | 'lost' | undefined;

/**
 * A server for one client under test. It implements the protocol on a real Socket.IO and HTTP server, holds one conversation
 * (the lobby) in memory, and injects the faults that a test requests.
 */
export class ProtocolServer {
  readonly me = { id: 'u-me', username: 'me', displayName: 'Me' } as User;
  readonly ada = { id: 'u-ada', username: 'ada', displayName: 'Ada' } as User;
  readonly messages: Message[] = [];
  /** The seqs of messages that exist, but are in no page and no reply to `messages:since`. */
  readonly holes = new Set<number>();
  readonly handshakes: Handshake[] = [];
  readonly sends: SendPayload[] = [];
  readonly changes: ChangePayload[] = [];
  readonly reads: ReadPayload[] = [];
  readonly deliveries: DeliveredPayload[] = [];
  readonly typings: TypingPayload[] = [];
  readonly awaySignals: boolean[] = [];
  readonly requests: string[] = [];
  /** Kind of the conversation. Tests that need members and receipts change it. */
  kind: ConversationKind = 'channel';
  title = 'Lobby';
  isMember = true;
  /** The user's read marker in heads. */
  readSeq: number | 'all' = 'all';
  /** The receipts that the REST call returns. */
  receipts: Receipt[] = [];
  /** The presence packet that a client receives after its hello. */
  presence: PresencePacket | undefined;
  searchPage: SearchPage = { messages: [], hasMore: false };
  /** Returns an error to reject a handshake. */
  admit: (handshake: Handshake) => ErrorBody | undefined = () => undefined;
  /** Returns an error to reject a message. 'silence' accepts it and drops the ack; 'lost' drops the message. */
  judge: (payload: SendPayload) => Verdict = () => undefined;
  /** The same for a change. */
  judgeChange: (payload: ChangePayload) => Verdict = () => undefined;
  /** Returns an error to reject a read marker. */
  judgeRead: (payload: ReadPayload) => ErrorBody | undefined = () => undefined;
  /** Returns an error to reject a REST call, such as `GET /api/conversations`. */
  judgeRest: (call: string) => ErrorBody | undefined = () => undefined;
  /** Delivers an emitted event. Tests replace it to drop, repeat or delay events. */
  deliver: (emit: () => void) => void = (emit) => emit();
  /** Sends an ack. Tests replace it to delay acks. */
  answer: (ack: () => void) => void = (ack) => ack();
  /** Whether accepted messages are published at once. */
  publishes = true;
  tokenLifeMs = 900_000;
  loginHolds = true;
  storedSeq = 0;
  #epochs = 1;
  /** Accepted messages by `clientMessageId`, for deduplication. */
  readonly #accepted = new Map<string, Message>();
  readonly #http = createServer((request, response) => void answerRest(this, request, response));
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
      kind: this.kind,
      title: this.title,
      createdAt: '2026-01-01T00:00:00.000Z',
      createdBy: this.ada.id,
      members: this.kind === 'channel' ? [] : [this.ada, ...(this.isMember ? [this.me] : [])],
      headSeq: this.messages.length,
    } as unknown as Conversation;
  }

  /** Accepts a message of another user, and publishes it unless `quietly` is set. */
  say(text: string, options: { quietly?: boolean } & Partial<Pick<Message, 'kind' | 'replyTo'>> = {}): Message {
    const { quietly = false, ...fields } = options;
    const clientMessageId = `ada-${randomUUID()}`;
    return this.#accept({ senderId: this.ada.id, clientMessageId, text, ...fields }, !quietly);
  }

  /** Accepts a change of a message by another user. */
  change(kind: ChangeKind, target: Message, text?: string): Message {
    const fields = { kind, replyTo: target.id, ...(text !== undefined && { text }) };
    return this.#accept({ senderId: this.ada.id, clientMessageId: `ada-${randomUUID()}`, ...fields }, true);
  }

  /** Accepts a placeholder, as the cluster stores it for a message that Redis lost. */
  placeholder(): Message {
    const clientMessageId = `placeholder-${this.messages.length + 1}`;
    return this.#accept({ senderId: SYSTEM_ID, clientMessageId, kind: 'system' }, true);
  }

  /** Accepts a second copy of a message, which has another id and seq. */
  repeat({ senderId, clientMessageId, text }: Message): Message {
    return this.#accept({ senderId, clientMessageId, ...(text !== undefined && { text }) }, true);
  }

  publish(...messages: Message[]): void {
    this.deliver(() => this.io.emit('messages', { conversationId: this.lobby.id, messages }));
  }

  /** Marks all accepted messages as stored. */
  store(): void {
    const seq = this.messages.length;
    this.storedSeq = seq;
    if (seq > 0) this.deliver(() => this.io.emit('stored', this.#storedPacket(seq as Seq)));
  }

  announceHeads(): void {
    const { id: conversationId, headSeq } = this.lobby;
    this.io.emit('heads', [{ conversationId, headSeq, storedSeq: this.storedSeq, epoch: this.epoch }]);
  }

  /** Loses up to this many messages that are not stored, and all deduplication entries, like a loss of Redis data. */
  loseTail(messages: number): void {
    this.messages.length = Math.max(this.storedSeq, this.messages.length - messages);
    this.#accepted.clear();
    this.#epochs += 1;
  }

  /** Resets the server for the next test. */
  reset(): void {
    this.storedSeq = 0;
    this.holes.clear();
    this.loseTail(Number.POSITIVE_INFINITY);
    this.deliver = (emit) => emit();
    this.answer = (ack) => ack();
    this.judge = () => undefined;
    this.judgeChange = () => undefined;
    this.judgeRead = () => undefined;
    this.judgeRest = () => undefined;
    this.admit = () => undefined;
    this.kind = 'channel';
    this.title = 'Lobby';
    this.isMember = true;
    this.readSeq = 'all';
    this.receipts = [];
    this.presence = undefined;
    this.searchPage = { messages: [], hasMore: false };
    this.publishes = true;
    this.tokenLifeMs = 900_000;
    this.loginHolds = true;
    for (const seen of [this.sends, this.changes, this.reads, this.deliveries, this.typings]) seen.length = 0;
    for (const seen of [this.awaySignals, this.requests, this.handshakes]) seen.length = 0;
  }

  /** Closes the connections without an event. */
  cut(): void {
    this.io.disconnectSockets(true);
  }

  #storedPacket(seq: Seq) {
    return { conversationId: this.lobby.id, seq, epoch: this.epoch };
  }

  #accept(fields: Accepted & { senderId: string }, publish: boolean): Message {
    const seq = this.messages.length + 1;
    const createdAt = new Date().toISOString();
    const message = { id: randomUUID(), seq, kind: 'text', createdAt, ...fields } as unknown as Message;
    this.messages.push(message);
    this.#accepted.set(fields.clientMessageId, message);
    if (publish) this.publish(message);
    return message;
  }

  /** A new session replaces all others. */
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
      const readSeq = this.readSeq === 'all' ? headSeq : this.readSeq;
      const { storedSeq, epoch } = this;
      ack({ ok: true, session, heads: [{ conversationId, headSeq, storedSeq, readSeq, epoch }] });
      if (this.presence) socket.emit('presence', this.presence);
    });
    socket.on('message:send', (payload, ack) => {
      this.sends.push(payload);
      const { clientMessageId, text, replyTo } = payload;
      this.#take({ clientMessageId, text, ...(replyTo && { replyTo }) }, this.judge(payload), ack);
    });
    const takeChange = (kind: ChangeKind, payload: ChangePayload, text: string | undefined, ack: Ack<SendReply>) => {
      this.changes.push(payload);
      const { clientMessageId, messageId: replyTo } = payload;
      this.#take({ kind, clientMessageId, replyTo, ...(text && { text }) }, this.judgeChange(payload), ack);
    };
    socket.on('message:edit', (payload, ack) => takeChange('edit', payload, payload.text, ack));
    socket.on('message:delete', (payload, ack) => takeChange('delete', payload, undefined, ack));
    socket.on('message:react', (payload, ack) => takeChange('reaction', payload, payload.emoji, ack));
    socket.on('read', (payload, ack) => {
      this.reads.push(payload);
      const refused = this.judgeRead(payload);
      if (refused) return ack({ ok: false, ...refused });
      if (this.readSeq !== 'all') this.readSeq = Math.max(this.readSeq, payload.seq);
      ack({ ok: true });
    });
    socket.on('delivered', (payload, ack) => {
      this.deliveries.push(payload);
      ack({ ok: true });
    });
    socket.on('typing', (payload, ack) => {
      this.typings.push(payload);
      ack({ ok: true });
    });
    socket.on('away', ({ isAway }, ack) => {
      this.awaySignals.push(isAway);
      ack({ ok: true });
    });
    socket.on('messages:since', ({ cursors, limit = 200 }, ack) => {
      this.requests.push('messages:since');
      const conversations = cursors.map(({ conversationId, afterSeq }) => {
        const newer = this.messages.slice(afterSeq).filter(({ seq }) => !this.holes.has(seq));
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

  /** Accepts a sent message once per id, unless `judge` decides otherwise. */
  #take(fields: Accepted, verdict: Verdict, ack: Ack<SendReply>): void {
    if (verdict === 'lost') return;
    if (verdict && verdict !== 'silence') {
      ack({ ok: false, ...verdict });
      return;
    }
    const before = this.#accepted.get(fields.clientMessageId);
    const message = before ?? this.#accept({ senderId: this.me.id, ...fields }, this.publishes);
    if (verdict !== 'silence') this.answer(() => ack({ ok: true, message, duplicate: before !== undefined }));
  }
}
