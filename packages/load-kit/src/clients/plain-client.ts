import type { HeadsPacket, HelloReply, Message, SendReply, SinceReply } from '@parley/protocol';
import { backoffMs, pause } from '@parley/service-kit';
import { hashOf, type Recorder } from '../events/recorder.ts';
import { type ClientSession, openSession } from './client-session.ts';
import { ConversationTracker } from './conversation-tracker.ts';
import { type EpochObservation, EpochTracker } from './epoch-tracker.ts';
import type { Account } from './rest.ts';

const MAX_BACKOFF_MS = 2_000;
/** Pages that bring no message closer to the head. */
const MAX_EMPTY_PAGES = 10;
/** Live packets carry no epoch. Those of an ended epoch may arrive for this long after the client learnt of its end. */
const LATE_PACKETS_MS = 5_000;

export interface ChatClientOptions {
  readonly name: string;
  readonly url: string;
  readonly recorder: Recorder;
}

export interface PlainClientOptions extends ChatClientOptions {
  /** Pads shorter texts to this length with three-byte characters. 0 = no padding. */
  readonly textLength: number;
  /** At this number of unacked messages `send` does nothing: the load must not queue up in the client. */
  readonly maxPending: number;
}

/**
 * A client written from the protocol document alone, without the client library. It uses socket.io-client with its own reconnect
 * loop, obeys `retryAfterMs`, resends each message until it is acked, and requests missed messages after every connect and
 * whenever it notices a gap. In a new epoch it requests everything again that was not reported as stored. It forgets its own
 * messages with their acks, so it loses those that Redis loses.
 */
export class PlainClient {
  readonly name: string;
  readonly account: Account;
  readonly #options: PlainClientOptions;
  readonly #transports: ('polling' | 'websocket')[];
  readonly #closing = new AbortController();
  readonly #conversations = new Map<string, ConversationTracker>();
  readonly #epochs: EpochTracker;
  #session: ClientSession | undefined;
  /** Not aborted while the client must not read. */
  #stopReading = AbortSignal.abort();
  #isCatchingUp = false;
  #pending = 0;
  #messages = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PlainClientOptions, account: Account, transports: ('polling' | 'websocket')[]) {
    this.name = options.name;
    this.account = account;
    this.#options = options;
    this.#transports = transports;
    this.#epochs = new EpochTracker(this.name, options.recorder);
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
    return (this.#conversations.get(conversationId)?.upTo ?? 0) >= seq;
  }

  /** Sends a new message and resends it until it is acked. Does nothing while too many messages are unacked. */
  send(conversationId: string): void {
    if (this.#pending >= this.#options.maxPending) return;
    this.#messages += 1;
    void this.#sendUntilAcked(conversationId, `${this.name}-${this.#messages}`);
  }

  /** Reads nothing from its connections until the signal aborts, as a hanging client does. */
  stopReading(until: AbortSignal): void {
    this.#stopReading = until;
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
        onHeads: (heads) => this.#extend(heads),
        onStored: ({ conversationId, epoch, seq }) => this.#observe({ conversationId, epoch, storedSeq: seq }),
      });
      if (outcome.kind === 'rejected') {
        const { code, error } = outcome;
        failures += 1;
        waitTicket = error.waitTicket ?? waitTicket;
        takeover = code === 'ALREADY_CONNECTED';
        await pause(error.retryAfterMs ?? backoffMs(failures, 50, MAX_BACKOFF_MS), signal);
        continue;
      }
      waitTicket = undefined;
      this.#session = outcome.session;
      if (signal.aborted) outcome.session.close();
      failures = (await this.#sendHello(outcome.session)) ? 0 : failures + 1;
      if (!this.#stopReading.aborted) outcome.session.setReading(false);
      const reason = await outcome.session.ended;
      this.#session = undefined;
      // Takes the session back after another device of the same user has replaced it.
      takeover = reason === 'REPLACED';
      await pause(backoffMs(failures, 50, MAX_BACKOFF_MS), signal);
    }
  }

  async #sendHello(session: ClientSession): Promise<boolean> {
    const hello = await session.request<HelloReply>('session:hello', { timezone: 'UTC' });
    if (!hello.ok) {
      session.close();
      return false;
    }
    this.#extend(hello.heads);
    return true;
  }

  #extend(heads: readonly HeadsPacket[number][]): void {
    for (const head of heads) {
      this.#observe(head);
      this.#trackerOf(head.conversationId).extendTo(head.headSeq);
    }
    void this.#catchUp();
  }

  #observe(observation: EpochObservation): void {
    const { conversationId } = observation;
    const storedBefore = this.#epochs.observe(observation);
    if (storedBefore === undefined) return;
    this.#rewind(conversationId, storedBefore);
    const { signal } = this.#closing;
    void pause(LATE_PACKETS_MS, signal).then(() => signal.aborted || this.#rewind(conversationId, storedBefore));
  }

  #rewind(conversationId: string, seq: number): void {
    const tracker = this.#trackerOf(conversationId);
    tracker.rewindTo(seq);
    tracker.extendTo(this.#epochs.headOf(conversationId));
    void this.#catchUp();
  }

  #see(conversationId: string, messages: readonly Message[], how: 'live' | 'page'): void {
    const { recorder } = this.#options;
    const tracker = this.#trackerOf(conversationId);
    for (const { seq, id, senderId, clientMessageId, text } of messages) {
      const fields = { conversationId, seq, id, senderId, clientMessageId, textHash: hashOf(text) };
      recorder.add({ type: 'seen', client: this.name, how, ...fields });
      tracker.see(seq, clientMessageId, how);
    }
    if (!tracker.isComplete) void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    for (let emptyPages = 0; this.isOnline && !this.#closing.signal.aborted; ) {
      const cursors = [...this.#conversations]
        .filter(([, { isComplete }]) => !isComplete)
        .map(([conversationId, { upTo }]) => ({ conversationId, afterSeq: upTo }));
      if (cursors.length === 0 || emptyPages > MAX_EMPTY_PAGES) break;
      const reply = await this.#session?.request<SinceReply>('messages:since', { cursors });
      const pages = reply?.ok ? reply.conversations : [];
      for (const { conversationId, messages, epoch, headSeq } of pages) {
        this.#observe({ conversationId, epoch, headSeq });
        this.#see(conversationId, messages, 'page');
      }
      // Messages behind a hole are no progress: the next request would be the same.
      const isCloser = ({ conversationId, afterSeq }: (typeof cursors)[number]) =>
        this.#trackerOf(conversationId).upTo > afterSeq;
      emptyPages = cursors.some(isCloser) ? 0 : emptyPages + 1;
      if (emptyPages > 0) await pause(backoffMs(emptyPages, 100, MAX_BACKOFF_MS), this.#closing.signal);
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
      const reply = await this.#session?.request<SendReply>('message:send', payload);
      if (reply?.ok) {
        const { message, duplicate } = reply;
        const { seq, id } = message;
        recorder.add({ type: 'acked', client, conversationId, clientMessageId, seq, id, duplicate });
        break;
      }
      if (reply) recorder.add({ type: 'refused', client, clientMessageId, code: reply.code });
      const waitMs = reply && 'retryAfterMs' in reply && reply.retryAfterMs;
      await pause(waitMs || backoffMs(failures, 50, MAX_BACKOFF_MS), signal);
    }
    this.#pending -= 1;
  }

  #trackerOf(conversationId: string): ConversationTracker {
    const tracker = this.#conversations.get(conversationId) ?? new ConversationTracker(0);
    this.#conversations.set(conversationId, tracker);
    return tracker;
  }
}
