import { randomUUID } from 'node:crypto';
import { hashOf } from '@parley/load-kit/events';
import type { ErrorBody, HeadsPacket, HelloReply, MessagesPacket, SendReply, SinceReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import type { Socket } from 'socket.io-client';
import { DeliveryTracker } from './delivery-tracker.ts';
import { eventFile } from './event-file.ts';
import { changeOnline, count, nowMs, observe, recordFailure, recordSuccess } from './measure.ts';
import { type Reply, request } from './request.ts';
import { stampedText } from './stamp.ts';
import type { VirtualUser } from './virtual-user.ts';

/** A message is sent again, under the same clientMessageId, for this long; so is a hello. */
const SEND_DEADLINE_MS = 60_000;
const RETRY_MS = 250;
const LOOK_EVERY_MS = 20;

/** One user on the connection that Artillery opened. */
export class ScenarioClient {
  readonly name: string;
  readonly #socket: Socket;
  readonly #deliveries: DeliveryTracker;
  #said = 0;
  #session = 0;
  #lostAtMs: number | undefined;
  #isIn = false;
  #hasLeft = false;

  constructor({ vars, sockets }: VirtualUser) {
    const socket = sockets?.[''];
    if (!socket) throw new Error('the scenario needs `engine: socketio`');
    this.name = vars.name;
    this.#socket = socket;
    this.#deliveries = new DeliveryTracker(this.name, (payload) =>
      this.#request<SinceReply>('messages:since', payload),
    );
    // The engine waits with these for its first connection; at a later one they would go on in its flow a second time.
    for (const event of ['connect', 'connect_error', 'error']) socket.removeAllListeners(event);
    socket.on('messages', (packet: MessagesPacket) => this.#deliveries.receive(packet));
    socket.on('heads', (heads: HeadsPacket) => this.#deliveries.compare(heads));
    socket.on('connect', () => void this.startSession());
    socket.on('connect_error', (error: Error & { data?: Partial<ErrorBody> }) => this.#retryHandshake(error.data));
    socket.on('disconnect', (reason) => this.#lose(reason));
  }

  /** Says hello: as the first thing, and after each reconnect. @returns whether it was answered on this connection */
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
    this.#isIn = true;
    changeOnline(1);
    void this.#deliveries.catchUp();
    return true;
  }

  /** Sends one message, and again until it is acked. @throws Error when it is refused for good, or not acked in time */
  async sendMessage(conversationId: string): Promise<void> {
    this.#said += 1;
    const clientMessageId = randomUUID();
    const begunAtMs = nowMs();
    const text = stampedText(this.name, this.#said, begunAtMs);
    const client = this.name;
    eventFile.add({ type: 'sent', client, conversationId, clientMessageId, textHash: hashOf(text) });
    count('sent');
    while (nowMs() - begunAtMs < SEND_DEADLINE_MS) {
      const payload = { conversationId, clientMessageId, kind: 'text', text };
      const answer = await this.#request<SendReply>('message:send', payload);
      if (answer.ok) {
        const { message, duplicate } = answer;
        const { seq, id } = message;
        eventFile.add({ type: 'acked', client, conversationId, clientMessageId, seq, id, duplicate });
        count('acked');
        observe('ack_ms', nowMs() - begunAtMs);
        this.#deliveries.acked(conversationId, seq, clientMessageId);
        return;
      }
      eventFile.add({ type: 'refused', client, clientMessageId, code: answer.code });
      count('refused');
      if (answer.retryable === false) break;
      await pause(answer.retryAfterMs ?? RETRY_MS);
    }
    count('unacked');
    throw new Error('message:send was not acked');
  }

  /** Asks how far the conversations are, and sees to it that all of it was shown. @throws Error when nobody says how far */
  async settle(): Promise<void> {
    const deadline = nowMs() + SEND_DEADLINE_MS;
    if (!(await this.#sendHello(() => nowMs() < deadline))) throw new Error('session:hello was not answered');
    await this.#deliveries.settle();
  }

  /** Its connection breaks off, as if the network was gone; Socket.IO opens another one. */
  loseConnection(): void {
    this.#goOffline(); // Engine.IO first sends what it still has
    this.#socket.io.engine.close();
  }

  /** @returns whether it is back in time, with all that it missed */
  async isReconnectedWithin(deadlineMs: number): Promise<boolean> {
    const deadline = nowMs() + deadlineMs;
    while (!this.#isIn && nowMs() < deadline) await pause(LOOK_EVERY_MS);
    if (this.#isIn) await this.#deliveries.catchUp();
    return this.#isIn && this.#deliveries.isComplete;
  }

  disconnect(): void {
    this.#hasLeft = true;
    this.#socket.disconnect();
  }

  async #sendHello(isWorthwhile: () => boolean): Promise<boolean> {
    while (isWorthwhile()) {
      const hello = await this.#request<HelloReply>('session:hello', { timezone: 'UTC' });
      if (hello.ok) {
        this.#deliveries.compare(hello.heads);
        return true;
      }
      await pause(hello.retryAfterMs ?? RETRY_MS);
    }
    return false;
  }

  async #request<T>(event: string, payload: object): Promise<Reply<T>> {
    const session = this.#session;
    const askedAtMs = nowMs();
    const answer = await request<T>(this.#socket, event, payload);
    const isSameSession = session === this.#session && this.#socket.connected;
    if (answer.ok && isSameSession) eventFile.add({ type: 'served', client: this.name, session, askedAtMs });
    return answer;
  }

  #retryHandshake(refusal: Partial<ErrorBody> | undefined): void {
    if (this.#socket.active || this.#hasLeft) return; // nobody answered: Socket.IO itself tries again
    const code = refusal?.code ?? 'UNREACHABLE';
    recordFailure('reconnect', code);
    eventFile.add({ type: 'rejected', client: this.name, code });
    this.#socket.auth = { ...this.#socket.auth, waitTicket: refusal?.waitTicket };
    this.#connectAfter(refusal?.retryAfterMs ?? RETRY_MS);
  }

  #lose(reason: string): void {
    eventFile.add({ type: 'closed', client: this.name, session: this.#session, reason });
    this.#goOffline();
    if (reason === 'io server disconnect') this.#connectAfter(RETRY_MS); // Socket.IO takes that for a farewell
  }

  #goOffline(): void {
    if (this.#isIn) changeOnline(-1);
    this.#isIn = false;
    this.#lostAtMs ??= nowMs();
  }

  #connectAfter(delayMs: number): void {
    setTimeout(() => {
      if (!this.#hasLeft) this.#socket.connect();
    }, delayMs);
  }
}
