import type { HeadsPacket, HelloReply, Message, SendReply, SinceReply } from '@parley/protocol';
import { backoffMs, pause } from '@parley/service-kit';
import { hashOf, type Recorder } from '../events/recorder.ts';
import { type ClientSession, openSession } from './client-session.ts';
import type { Account } from './rest.ts';

/** More are not on their way at once: the workload is skipped, not piled up. */
const MAX_PENDING = 8;
const LONGEST_BACKOFF_MS = 2_000;

export interface ChatClientOptions {
  readonly name: string;
  readonly url: string;
  readonly recorder: Recorder;
}

export interface PlainClientOptions extends ChatClientOptions {
  /** Shorter texts are filled up to it, with characters of three bytes; 0 = none is. */
  readonly textLength: number;
}

/**
 * A client as somebody writes it who has only the protocol's page: plain socket.io-client, an own loop that reconnects as
 * the same device and waits as it is told, sends again until it is acked, and asks for what it missed after each
 * connect and whenever it notices a gap.
 */
export class PlainClient {
  readonly name: string;
  readonly account: Account;
  readonly #options: PlainClientOptions;
  readonly #transports: ('polling' | 'websocket')[];
  readonly #closing = new AbortController();
  /** What was seen of each conversation: the last seq before the first one missing, and those after it. */
  readonly #seen = new Map<string, { upTo: number; above: Set<number>; head: number }>();
  #session: ClientSession | undefined;
  /** Aborted while it reads what it is sent. */
  #hanging = AbortSignal.abort();
  #isCatchingUp = false;
  #pending = 0;
  #messages = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PlainClientOptions, account: Account, transports: ('polling' | 'websocket')[]) {
    this.name = options.name;
    this.account = account;
    this.#options = options;
    this.#transports = transports;
  }

  get isOnline(): boolean {
    return this.#session?.isOpen ?? false;
  }

  get pending(): number {
    return this.#pending;
  }

  start(): void {
    this.#running = this.#stayConnected();
  }

  /** Whether it has all messages up to this seq. */
  hasUpTo(conversationId: string, seq: number): boolean {
    return seq === 0 || (this.#seen.get(conversationId)?.upTo ?? 0) >= seq;
  }

  /** Sends a text, again and again until it is acked; does nothing while too many are on their way. */
  send(conversationId: string): void {
    if (this.#pending >= MAX_PENDING) return;
    this.#messages += 1;
    void this.#sendUntilAcked(conversationId, `${this.name}-${this.#messages}`);
  }

  /** Takes nothing from any connection that it has until then, like a client that hangs. */
  stopReading(until: AbortSignal): void {
    this.#hanging = until;
    this.#session?.setReading(false);
    until.addEventListener('abort', () => this.#session?.setReading(true), { once: true });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#session?.close();
    await this.#running;
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#closing;
    const { url, recorder } = this.#options;
    let failures = 0;
    let takeover = false;
    let waitTicket: string | undefined;
    while (!signal.aborted) {
      const outcome = await openSession({
        url,
        recorder,
        client: this.name,
        transports: this.#transports,
        handshake: { token: this.account.token, deviceId: this.name, takeover, waitTicket },
        onMessages: ({ conversationId, messages }) => this.#see(conversationId, messages, 'live'),
        onHeads: (heads) => this.#compare(heads),
      });
      if (outcome.kind === 'rejected') {
        const { code, error } = outcome;
        failures += 1;
        waitTicket = error.waitTicket ?? waitTicket;
        takeover = code === 'ALREADY_CONNECTED';
        await pause(error.retryAfterMs ?? backoffMs(failures, 50, LONGEST_BACKOFF_MS), signal);
        continue;
      }
      waitTicket = undefined;
      this.#session = outcome.session;
      if (signal.aborted) outcome.session.close();
      failures = (await this.#sendHello(outcome.session)) ? 0 : failures + 1;
      if (!this.#hanging.aborted) outcome.session.setReading(false);
      const reason = await outcome.session.ended;
      this.#session = undefined;
      // Who is replaced by another device of the same person takes the session back.
      takeover = reason === 'REPLACED';
      await pause(backoffMs(failures, 50, LONGEST_BACKOFF_MS), signal);
    }
  }

  async #sendHello(session: ClientSession): Promise<boolean> {
    const hello = await session.request<HelloReply>('session:hello', { timezone: 'UTC' });
    if (!hello.ok) {
      session.close();
      return false;
    }
    this.#compare(hello.heads);
    return true;
  }

  #compare(heads: readonly Pick<HeadsPacket[number], 'conversationId' | 'headSeq'>[]): void {
    for (const { conversationId, headSeq } of heads) {
      const seen = this.#seenOf(conversationId);
      seen.head = Math.max(seen.head, headSeq);
    }
    void this.#catchUp();
  }

  #see(conversationId: string, messages: readonly Message[], how: 'live' | 'page'): void {
    const { recorder } = this.#options;
    const seen = this.#seenOf(conversationId);
    for (const { seq, id, senderId, clientMessageId, text } of messages) {
      const fields = { conversationId, seq, id, senderId, clientMessageId, textHash: hashOf(text) };
      recorder.add({ type: 'seen', client: this.name, how, ...fields });
      seen.head = Math.max(seen.head, seq);
      if (seq > seen.upTo) seen.above.add(seq);
    }
    while (seen.above.delete(seen.upTo + 1)) seen.upTo += 1;
    if (seen.upTo < seen.head) void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    for (let fruitless = 0; this.isOnline && !this.#closing.signal.aborted; ) {
      const cursors = [...this.#seen]
        .filter(([, { upTo, head }]) => upTo < head)
        .map(([conversationId, { upTo }]) => ({ conversationId, afterSeq: upTo }));
      if (cursors.length === 0 || fruitless > 10) break;
      const answer = await this.#session?.request<SinceReply>('messages:since', { cursors });
      const pages = answer?.ok ? answer.conversations : [];
      for (const { conversationId, messages } of pages) this.#see(conversationId, messages, 'page');
      fruitless = pages.some(({ messages }) => messages.length > 0) ? 0 : fruitless + 1;
      if (fruitless > 0) await pause(backoffMs(fruitless, 100, LONGEST_BACKOFF_MS), this.#closing.signal);
    }
    this.#isCatchingUp = false;
  }

  async #sendUntilAcked(conversationId: string, clientMessageId: string): Promise<void> {
    const { recorder, textLength } = this.#options;
    const { signal } = this.#closing;
    const text = `${clientMessageId} ${Math.random().toString(36)}`.padEnd(textLength, '…');
    const client = this.name;
    recorder.add({ type: 'sent', client, conversationId, clientMessageId, textHash: hashOf(text) });
    this.#pending += 1;
    for (let failures = 1; !signal.aborted; failures += 1) {
      const payload = { conversationId, clientMessageId, kind: 'text', text };
      const answer = await this.#session?.request<SendReply>('message:send', payload);
      if (answer?.ok) {
        const { message, duplicate } = answer;
        const { seq, id } = message;
        recorder.add({ type: 'acked', client, conversationId, clientMessageId, seq, id, duplicate });
        break;
      }
      if (answer) recorder.add({ type: 'refused', client, clientMessageId, code: answer.code });
      await pause(
        (answer && 'retryAfterMs' in answer && answer.retryAfterMs) || backoffMs(failures, 50, LONGEST_BACKOFF_MS),
        signal,
      );
    }
    this.#pending -= 1;
  }

  #seenOf(conversationId: string) {
    const seen = this.#seen.get(conversationId) ?? { upTo: 0, above: new Set<number>(), head: 0 };
    this.#seen.set(conversationId, seen);
    return seen;
  }
}
