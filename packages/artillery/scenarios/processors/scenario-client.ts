import { randomUUID } from 'node:crypto';
import type { Reply } from '@parley/load-kit/clients';
import { hashOf } from '@parley/load-kit/events';
import type { ErrorBody, HeadsPacket, HelloReply, MessagesPacket, SendReply, SinceReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import type { Socket } from 'socket.io-client';
import { DeliveryTracker } from './delivery-tracker.ts';
import { eventFile } from './event-file.ts';
import { changeOnline, count, nowMs, observe, recordFailure, recordSuccess } from './measure.ts';
import { request } from './request.ts';
import { stampedText } from './stamp.ts';
import type { VirtualUser } from './virtual-user.ts';

/** How long a message or hello is resent until it is acked. A message keeps its clientMessageId. */
const SEND_DEADLINE_MS = 60_000;
const RETRY_MS = 250;
const POLL_INTERVAL_MS = 20;

/** A virtual user on the connection that Artillery opened. */
export class ScenarioClient {
  readonly name: string;
  readonly #socket: Socket;
  readonly #deliveries: DeliveryTracker;
  #sentCount = 0;
  #session = 0;
  #lostAtMs: number | undefined;
  #isOnline = false;
  #isDisconnecting = false;

  constructor({ vars, sockets }: VirtualUser) {
    const socket = sockets?.[''];
    if (!socket) throw new Error('the scenario needs `engine: socketio`');
    this.name = vars.name;
    this.#socket = socket;
    this.#deliveries = new DeliveryTracker(this.name, (payload) =>
      this.#request<SinceReply>('messages:since', payload),
    );
    // Artillery's listeners wait for the first connection. On a reconnect they would run the scenario's flow a second time.
    for (const event of ['connect', 'connect_error', 'error']) socket.removeAllListeners(event);
    socket.on('messages', (packet: MessagesPacket) => this.#deliveries.receive(packet));
    socket.on('heads', (heads: HeadsPacket) => this.#deliveries.extend(heads));
    socket.on('connect', () => void this.startSession());
    socket.on('connect_error', (error: Error & { data?: Partial<ErrorBody> }) => this.#retryHandshake(error.data));
    socket.on('disconnect', (reason) => this.#lose(reason));
  }

  /** Sends hello after a connect or reconnect. @returns whether it was answered on the same connection */
  async startSession(): Promise<boolean> {
    const session = eventFile.newSession();
    this.#session = session;
    const node = this.#socket.io.engine.id?.split('.')[0] ?? '';
    eventFile.add({ type: 'opened', client: this.name, session, node });
    const hello = await this.#sendHello(() => this.#session === session && this.#socket.connected);
    if (!hello) return false;
    if (this.#lostAtMs !== undefined) {
      recordSuccess('reconnect', nowMs() - this.#lostAtMs);
      count('reconnected');
    }
    this.#lostAtMs = undefined;
    this.#isOnline = true;
    changeOnline(1);
    void this.#deliveries.catchUp();
    return true;
  }

  /** Sends a message and resends it until it is acked. @throws Error when it is refused finally or not acked within 60 s */
  async sendMessage(conversationId: string): Promise<void> {
    this.#sentCount += 1;
    const clientMessageId = randomUUID();
    const startedAtMs = nowMs();
    const text = stampedText(this.name, this.#sentCount, startedAtMs);
    const client = this.name;
    eventFile.add({ type: 'sent', client, conversationId, clientMessageId, textHash: hashOf(text) });
    count('sent');
    while (nowMs() - startedAtMs < SEND_DEADLINE_MS) {
      const payload = { conversationId, clientMessageId, kind: 'text', text };
      const reply = await this.#request<SendReply>('message:send', payload);
      if (reply.ok) {
        const { message, duplicate } = reply;
        const { seq, id } = message;
        eventFile.add({ type: 'acked', client, conversationId, clientMessageId, seq, id, duplicate });
        count('acked');
        observe('ack_ms', nowMs() - startedAtMs);
        this.#deliveries.acked(conversationId, seq, clientMessageId);
        return;
      }
      eventFile.add({ type: 'refused', client, clientMessageId, code: reply.code });
      count('refused');
      if (reply.retryable === false) break;
      await pause(reply.retryAfterMs ?? RETRY_MS);
    }
    count('unacked');
    throw new Error('message:send was not acked');
  }

  /** Gets the heads of all conversations and counts missing messages. @throws Error when hello is not answered within 60 s */
  async settle(): Promise<void> {
    const deadline = nowMs() + SEND_DEADLINE_MS;
    if (!(await this.#sendHello(() => nowMs() < deadline))) throw new Error('session:hello was not answered');
    await this.#deliveries.settle();
  }

  /** Closes the connection as a failing network does. Socket.IO reconnects. */
  loseConnection(): void {
    this.#goOffline(); // Engine.IO flushes its buffer before it closes
    this.#socket.io.engine.close();
  }

  /** Waits for a reconnect and the missed messages. @returns false if that takes longer than the deadline */
  async isReconnectedWithin(deadlineMs: number): Promise<boolean> {
    const deadline = nowMs() + deadlineMs;
    while (!this.#isOnline && nowMs() < deadline) await pause(POLL_INTERVAL_MS);
    if (this.#isOnline) await this.#deliveries.catchUp();
    return this.#isOnline && this.#deliveries.isComplete;
  }

  disconnect(): void {
    this.#isDisconnecting = true;
    this.#socket.disconnect();
  }

  async #sendHello(shouldRetry: () => boolean): Promise<boolean> {
    while (shouldRetry()) {
      const hello = await this.#request<HelloReply>('session:hello', { timezone: 'UTC' });
      if (hello.ok) {
        this.#deliveries.extend(hello.heads);
        return true;
      }
      await pause(hello.retryAfterMs ?? RETRY_MS);
    }
    return false;
  }

  async #request<T>(event: string, payload: object): Promise<Reply<T>> {
    const session = this.#session;
    const askedAtMs = nowMs();
    const reply = await request<T>(this.#socket, event, payload);
    const isSameSession = session === this.#session && this.#socket.connected;
    if (reply.ok && isSameSession) eventFile.add({ type: 'served', client: this.name, session, askedAtMs });
    return reply;
  }

  #retryHandshake(error: Partial<ErrorBody> | undefined): void {
    if (this.#socket.active || this.#isDisconnecting) return; // no answer: Socket.IO retries
    const code = error?.code ?? 'UNREACHABLE';
    recordFailure('reconnect', code);
    eventFile.add({ type: 'rejected', client: this.name, code });
    this.#socket.auth = { ...this.#socket.auth, waitTicket: error?.waitTicket };
    this.#connectAfter(error?.retryAfterMs ?? RETRY_MS);
  }

  #lose(reason: string): void {
    eventFile.add({ type: 'closed', client: this.name, session: this.#session, reason });
    this.#goOffline();
    if (reason === 'io server disconnect') this.#connectAfter(RETRY_MS); // Socket.IO does not reconnect after this reason
  }

  #goOffline(): void {
    if (this.#isOnline) changeOnline(-1);
    this.#isOnline = false;
    this.#lostAtMs ??= nowMs();
  }

  #connectAfter(delayMs: number): void {
    setTimeout(() => {
      if (!this.#isDisconnecting) this.#socket.connect();
    }, delayMs);
  }
}
