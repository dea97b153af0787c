import { randomUUID } from 'node:crypto';
import { hashOf } from '@parley/load-kit/events';
import type { ErrorBody, HeadsPacket, HelloReply, MessagesPacket, SendReply, SinceReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import type { Socket } from 'socket.io-client';
import { type Answer, ask } from './ask.ts';
import { Inbox } from './inbox.ts';
import { journal } from './journal.ts';
import { changeOnline, count, failed, nowMs, observe, succeeded } from './measure.ts';
import { stampedText } from './stamp.ts';
import type { VirtualUser } from './virtual-user.ts';

/** A message is sent again, under the same clientMessageId, for this long; so is a hello. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 250;
const LOOK_EVERY_MS = 20;

/** One user on the connection that Artillery opened. */
export class Chatter {
  readonly name: string;
  readonly #socket: Socket;
  readonly #inbox: Inbox;
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
    this.#inbox = new Inbox(this.name, (payload) => this.#ask<SinceReply>('messages:since', payload));
    // The engine waits with these for its first connection; at a later one they would go on in its flow a second time.
    for (const event of ['connect', 'connect_error', 'error']) socket.removeAllListeners(event);
    socket.on('messages', (packet: MessagesPacket) => this.#inbox.receive(packet));
    socket.on('heads', (heads: HeadsPacket) => this.#inbox.compare(heads));
    socket.on('connect', () => void this.greet());
    socket.on('connect_error', (error: Error & { data?: Partial<ErrorBody> }) => this.#knockAgain(error.data));
    socket.on('disconnect', (reason) => this.#lose(reason));
  }

  /** Says hello: as the first thing, and after each reconnect. @returns whether it was answered on this connection */
  async greet(): Promise<boolean> {
    const session = journal.newSession();
    this.#session = session;
    const node = this.#socket.io.engine.id?.split('.')[0] ?? '';
    journal.add({ type: 'opened', client: this.name, session, node });
    const hello = await this.#hello(() => this.#session === session && this.#socket.connected);
    if (!hello) return false;
    if (this.#lostAtMs !== undefined) {
      succeeded('reconnect', nowMs() - this.#lostAtMs);
      count('reconnected');
    }
    this.#lostAtMs = undefined;
    this.#isIn = true;
    changeOnline(1);
    void this.#inbox.catchUp();
    return true;
  }

  /** Sends one message, and again until it is acked. @throws Error when it is refused for good, or not acked in time */
  async say(conversationId: string): Promise<void> {
    this.#said += 1;
    const clientMessageId = randomUUID();
    const begunAtMs = nowMs();
    const text = stampedText(this.name, this.#said, begunAtMs);
    const client = this.name;
    journal.add({ type: 'sent', client, conversationId, clientMessageId, textHash: hashOf(text) });
    count('sent');
    while (nowMs() - begunAtMs < PATIENCE_MS) {
      const payload = { conversationId, clientMessageId, kind: 'text', text };
      const answer = await this.#ask<SendReply>('message:send', payload);
      if (answer.ok) {
        const { message, duplicate } = answer;
        const { seq, id } = message;
        journal.add({ type: 'acked', client, conversationId, clientMessageId, seq, id, duplicate });
        count('acked');
        observe('ack_ms', nowMs() - begunAtMs);
        this.#inbox.acked(conversationId, seq, clientMessageId);
        return;
      }
      journal.add({ type: 'refused', client, clientMessageId, code: answer.code });
      count('refused');
      if (answer.retryable === false) break;
      await pause(answer.retryAfterMs ?? RETRY_MS);
    }
    count('unacked');
    throw new Error('message:send was not acked');
  }

  /** Asks how far the conversations are, and sees to it that all of it was shown. @throws Error when nobody says how far */
  async settle(): Promise<void> {
    const deadline = nowMs() + PATIENCE_MS;
    if (!(await this.#hello(() => nowMs() < deadline))) throw new Error('session:hello was not answered');
    await this.#inbox.settle();
  }

  /** Its connection breaks off, as if the network was gone; Socket.IO opens another one. */
  loseConnection(): void {
    this.#goOffline(); // Engine.IO first sends what it still has
    this.#socket.io.engine.close();
  }

  /** @returns whether it is back in time, with all that it missed */
  async isBackWithin(deadlineMs: number): Promise<boolean> {
    const deadline = nowMs() + deadlineMs;
    while (!this.#isIn && nowMs() < deadline) await pause(LOOK_EVERY_MS);
    if (this.#isIn) await this.#inbox.catchUp();
    return this.#isIn && this.#inbox.isComplete;
  }

  leave(): void {
    this.#hasLeft = true;
    this.#socket.disconnect();
  }

  async #hello(isWorthwhile: () => boolean): Promise<boolean> {
    while (isWorthwhile()) {
      const hello = await this.#ask<HelloReply>('session:hello', { timezone: 'UTC' });
      if (hello.ok) {
        this.#inbox.compare(hello.heads);
        return true;
      }
      await pause(hello.retryAfterMs ?? RETRY_MS);
    }
    return false;
  }

  async #ask<T>(event: string, payload: object): Promise<Answer<T>> {
    const session = this.#session;
    const askedAtMs = nowMs();
    const answer = await ask<T>(this.#socket, event, payload);
    const isSameSession = session === this.#session && this.#socket.connected;
    if (answer.ok && isSameSession) journal.add({ type: 'served', client: this.name, session, askedAtMs });
    return answer;
  }

  #knockAgain(refusal: Partial<ErrorBody> | undefined): void {
    if (this.#socket.active || this.#hasLeft) return; // nobody answered: Socket.IO itself tries again
    const code = refusal?.code ?? 'UNREACHABLE';
    failed('reconnect', code);
    journal.add({ type: 'rejected', client: this.name, code });
    this.#socket.auth = { ...this.#socket.auth, waitTicket: refusal?.waitTicket };
    this.#connectAfter(refusal?.retryAfterMs ?? RETRY_MS);
  }

  #lose(reason: string): void {
    journal.add({ type: 'closed', client: this.name, session: this.#session, reason });
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
