import { ChatClient, type ChatSnapshot, type ConversationView, ParleyError } from '@parley/client';
import { type ConversationId, isChangeKind, isPlaceholder, type Message, type UserId } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import { hashOf } from '../events/recorder.ts';
import { compareDisplays, type Display } from './display-change.ts';
import type { ChatClientOptions } from './plain-client.ts';

const MAX_PENDING = 8;
const SIGN_UP_RETRY_MS = 500;
const RETRY_FAILED_MS = 500;
const SCROLL_RETRY_MS = 500;
/** A new epoch may have replaced up to this many of the newest messages of a conversation. */
const REPLACED_AT_MOST = 500;

const NOTHING: Display = { messages: [], firstSeq: 1, holes: [] };

/**
 * Whether a message has an entry in the timeline, unless the timeline displays another copy of it. After Redis lost an unstored
 * message and its sender sent it again, a client may have both until it knows the new epoch.
 */
const isEntry = (message: Message) => !isChangeKind(message.kind) && !isPlaceholder(message);

/** A client built on the client library. It records what the library's snapshots would show to a user. */
export class LibraryClient {
  readonly name: string;
  readonly #chat: ChatClient;
  readonly #options: ChatClientOptions;
  readonly #views = new Map<ConversationId, ConversationView>();
  /** Sent messages that the library does not report as accepted yet. */
  readonly #pending = new Map<string, { conversationId: ConversationId; sentAtMs: number }>();
  readonly #refused = new Set<string>();
  /** For each conversation, the highest seq up to which every message was displayed. */
  readonly #displayedUpTo = new Map<ConversationId, number>();
  /** Conversations for which older pages are being loaded. */
  readonly #scrolling = new Set<ConversationId>();
  readonly #closing = new AbortController();
  #online: ChatSnapshot['connection'] | undefined;
  #session = 0;
  #openedAtMs = 0;

  constructor(options: ChatClientOptions) {
    this.name = options.name;
    this.#options = options;
    this.#chat = new ChatClient({ url: options.url, deviceId: options.name });
    this.#chat.subscribe(() => this.#changed(this.#chat.getSnapshot()));
  }

  get isOnline(): boolean {
    return this.#online !== undefined;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** The connection phase, for progress output. */
  get phase(): string {
    return this.#chat.getSnapshot().connection.phase;
  }

  /** Signs up and connects. */
  async start(signal: AbortSignal): Promise<UserId> {
    for (;;) {
      try {
        await this.#chat.joinAsGuest(this.name);
        const { me } = this.#chat.getSnapshot();
        if (me) return me.id;
      } catch (error) {
        if (signal.aborted || !(error instanceof ParleyError) || !error.retryable) throw error;
      }
      await pause(SIGN_UP_RETRY_MS, signal);
    }
  }

  knows(conversationId: ConversationId): boolean {
    return this.#chat.getSnapshot().views.has(conversationId);
  }

  /** Whether it has displayed all messages up to this seq. */
  hasUpTo(conversationId: ConversationId, seq: number): boolean {
    return (this.#displayedUpTo.get(conversationId) ?? 0) >= seq;
  }

  /** Sends a text. Does nothing while too many messages are unacked. */
  send(conversationId: ConversationId): void {
    if (this.#pending.size >= MAX_PENDING) return;
    const { recorder } = this.#options;
    const text = `${this.name} ${Math.random().toString(36)}`;
    const sentAtMs = recorder.nowMs();
    let clientMessageId: string;
    try {
      clientMessageId = this.#chat.send(conversationId, text);
    } catch (error) {
      if (error instanceof ParleyError && error.code === 'BUSY') return; // the outbox is full
      throw error;
    }
    this.#pending.set(clientMessageId, { conversationId, sentAtMs });
    recorder.add({ type: 'sent', client: this.name, conversationId, clientMessageId, textHash: hashOf(text) });
  }

  close(): void {
    this.#closing.abort();
    this.#chat.close();
  }

  #changed({ connection, views }: ChatSnapshot): void {
    this.#connectionChanged(connection);
    for (const [conversationId, view] of views) {
      const before = this.#views.get(conversationId);
      if (before === view) continue;
      this.#views.set(conversationId, view);
      this.#viewChanged(conversationId, before ?? NOTHING, view);
    }
  }

  /** The library reports `online` once the server has answered `session:hello`. */
  #connectionChanged(connection: ChatSnapshot['connection']): void {
    if (connection === this.#online) return;
    const { recorder } = this.#options;
    const client = this.name;
    if (this.#online) {
      recorder.add({ type: 'closed', client, session: this.#session, reason: connection.phase });
      this.#online = undefined;
    }
    if (connection.phase !== 'online') return;
    this.#online = connection;
    this.#session = recorder.newSession();
    this.#openedAtMs = recorder.nowMs();
    recorder.add({ type: 'opened', client, session: this.#session, node: connection.session.node });
  }

  #viewChanged(conversationId: ConversationId, before: Display, view: ConversationView): void {
    const { recorder } = this.#options;
    const client = this.name;
    const { messages, pending } = view;
    if (messages !== before.messages) {
      const { isCleared, droppedBelowSeq, older, inserted, next } = compareDisplays(before, view);
      if (isCleared) {
        recorder.add({ type: 'cleared', client, conversationId });
        const displayed = this.#displayedUpTo.get(conversationId) ?? 0;
        this.#displayedUpTo.set(conversationId, Math.max(0, displayed - REPLACED_AT_MOST));
      }
      if (droppedBelowSeq !== undefined) {
        recorder.add({ type: 'dropped', client, conversationId, belowSeq: droppedBelowSeq });
      }
      this.#display(conversationId, view, older, 'older');
      this.#display(conversationId, view, inserted, 'inserted');
      this.#display(conversationId, view, next, 'next');
    }
    const upTo = this.#displayedUpTo.get(conversationId) ?? 0;
    if (view.firstSeq <= upTo + 1) {
      this.#displayedUpTo.set(conversationId, Math.max(upTo, view.firstSeq + messages.length - 1));
    } else void this.#scrollBack(conversationId);
    for (const { clientMessageId, seq, state, error } of pending) {
      if (seq !== undefined) this.#accepted(clientMessageId, seq);
      if (state === 'failed' && !this.#refused.has(clientMessageId)) {
        this.#refused.add(clientMessageId);
        recorder.add({ type: 'refused', client, clientMessageId, code: error?.code ?? 'UNKNOWN' });
        if (error?.code === 'CONFLICT') this.#pending.delete(clientMessageId);
        else void this.#retryLater(clientMessageId);
      }
    }
  }

  /**
   * Loads older pages down to the last displayed message, as a user who scrolls up does. Needed when the library starts a
   * conversation again at its head, for example after Redis lost data.
   */
  async #scrollBack(conversationId: ConversationId): Promise<void> {
    if (this.#scrolling.has(conversationId)) return;
    this.#scrolling.add(conversationId);
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const before = this.#chat.getSnapshot().views.get(conversationId);
      const upTo = this.#displayedUpTo.get(conversationId) ?? 0;
      if (!before?.hasOlder || before.firstSeq <= upTo + 1) break;
      await this.#chat.loadOlder(conversationId);
      const after = this.#chat.getSnapshot().views.get(conversationId);
      if (after?.firstSeq === before.firstSeq) await pause(SCROLL_RETRY_MS, signal);
    }
    this.#scrolling.delete(conversationId);
  }

  /** Retries a failed message, as a user does. */
  async #retryLater(clientMessageId: string): Promise<void> {
    await pause(RETRY_FAILED_MS, this.#closing.signal);
    this.#refused.delete(clientMessageId);
    if (!this.#closing.signal.aborted)
      this.#chat.retrySending(clientMessageId as Parameters<ChatClient['retrySending']>[0]);
  }

  #display(
    conversationId: ConversationId,
    { timeline }: ConversationView,
    messages: readonly Message[],
    how: 'next' | 'older' | 'inserted',
  ): void {
    if (messages.length === 0) return;
    const displayed = new Set(timeline.map(({ message }) => message.id));
    for (const message of messages) {
      const { seq, id, senderId, clientMessageId, text } = message;
      this.#accepted(clientMessageId, seq);
      if (isEntry(message) && !displayed.has(id)) continue;
      const fields = { conversationId, seq, id, senderId, clientMessageId, textHash: hashOf(text) };
      this.#options.recorder.add({ type: 'seen', client: this.name, how, ...fields });
    }
  }

  /**
   * Called when the message was acked or displayed. The library sends only in the current session, so a message that was sent
   * after the session opened was served by it.
   */
  #accepted(clientMessageId: string, seq: number): void {
    const sent = this.#pending.get(clientMessageId);
    if (!sent) return;
    this.#pending.delete(clientMessageId);
    const { recorder } = this.#options;
    const { conversationId, sentAtMs } = sent;
    const client = this.name;
    recorder.add({ type: 'acked', client, conversationId, clientMessageId, seq });
    if (!this.#online || sentAtMs < this.#openedAtMs) return;
    recorder.add({ type: 'served', client, session: this.#session, askedAtMs: sentAtMs });
  }
}
