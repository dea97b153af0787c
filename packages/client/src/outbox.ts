import type {
  ClientMessageId,
  ConversationId,
  ErrorBody,
  Message,
  MessageId,
  Refused,
  SendPayload,
  SendReply,
  SincePayload,
  SinceReply,
  UserId,
} from '@parley/protocol';
import { bytesOf, type OutboxMessage } from './outbox/outbox-message.ts';
import { OutboxStateMachine, without } from './outbox/outbox-state-machine.ts';
import { readHistory } from './outbox/read-history.ts';
import type { OutboxStorage } from './outbox/storage/outbox-storage.ts';
import { ParleyError } from './parley-error.ts';
import { randomId } from './random-id.ts';
import { pause, requestedDelayMs, retryDelayMs } from './retry-delay.ts';

/** How many messages may be on their way at once, stored ones not counted. */
export const MAX_OUTBOX_MESSAGES = 500;

/** How large all their texts together may be, in bytes of UTF-8. */
export const MAX_OUTBOX_BYTES = 2_000_000;

/** The longest pause between two attempts at the same message. */
const MAX_BACKOFF_MS = 5_000;

/** Where a conversation ends, as a cursor. */
const END = Number.MAX_SAFE_INTEGER;

export interface OutboxOptions {
  readonly userId: UserId;
  readonly storage: OutboxStorage;
  /** One attempt; resolves with a refusal rather than to reject. */
  readonly send: (payload: SendPayload) => Promise<SendReply | Refused>;
  /** A part of the history. A page that was overtaken by a new epoch is left out. */
  readonly fetchSince: (payload: SincePayload) => Promise<SinceReply | Refused>;
  /** Called after each change of this conversation's messages. */
  readonly onChange: (conversationId: ConversationId) => void;
}

/**
 * Keeps each message in a storage until it is in the cluster's history store, and sends it, again and again where it must,
 * under one `clientMessageId`. In each conversation the messages go one after the other, in the order of writing; a
 * failed one does not hold up those after it.
 *
 * The cluster takes an id once, and remembers it for a day, or until Redis loses its data. A message whose fate is not known is
 * therefore never just sent again: it is looked for in the history first, and sent if it is not there.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #machine: OutboxStateMachine;
  /** Not in the storage yet. */
  readonly #unsaved = new Set<ClientMessageId>();
  /** Conversations whose messages are being sent right now. */
  readonly #sending = new Set<ConversationId>();
  #isOnline = false;
  /** The present time online or offline: ends its pauses. */
  #backoff = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#machine = new OutboxStateMachine(options);
  }

  /** What is on its way to this conversation, in the order of writing. */
  messagesOf(conversationId: ConversationId): OutboxMessage[] {
    return this.#machine.messagesIn(conversationId);
  }

  /** Shows what an earlier page, or another tab, has left. */
  load(): Promise<void> {
    return this.#machine.load();
  }

  /**
   * @param afterSeq the newest seq of the conversation that is known; the message will come after it
   * @param replyTo the message that it answers
   * @throws ParleyError `BUSY` when more can not be kept
   */
  add(conversationId: ConversationId, text: string, afterSeq?: number, replyTo?: MessageId): OutboxMessage {
    if (this.#machine.size >= MAX_OUTBOX_MESSAGES || this.#machine.bytes + bytesOf(text) > MAX_OUTBOX_BYTES) {
      throw new ParleyError({ code: 'BUSY', message: OUTBOX_FULL, retryable: true });
    }
    const message: OutboxMessage = {
      conversationId,
      clientMessageId: randomId() as ClientMessageId,
      text,
      ...(replyTo !== undefined && { replyTo }),
      createdAt: this.#machine.nextCreatedAt(),
      state: 'sending',
      ...(afterSeq !== undefined && { afterSeq }),
    };
    void this.#saveAndSend(message);
    return message;
  }

  /** Tries a failed message again. */
  retry(clientMessageId: ClientMessageId): void {
    const message = this.#machine.get(clientMessageId);
    if (message?.state !== 'failed') return;
    this.#machine.markUncertain(message);
    void this.#saveAndSend(without(message, 'sending'));
  }

  /** Gives up a failed message. */
  discard(clientMessageId: ClientMessageId): void {
    const message = this.#machine.get(clientMessageId);
    if (message?.state === 'failed') this.#machine.remove(message);
  }

  /** There is a connection, a new one: everything that waits is tried at once. */
  async connected(): Promise<void> {
    this.disconnected();
    const { signal } = this.#backoff;
    await this.load();
    if (signal.aborted) return;
    this.#isOnline = true;
    this.#machine.markAcceptedUncertain();
    for (const id of this.#machine.conversationIds) this.#sendAll(id);
  }

  disconnected(): void {
    this.#isOnline = false;
    this.#backoff.abort();
    this.#backoff = new AbortController();
  }

  /** Messages have come: they show that one's own are accepted, even if the ack was lost. */
  observeMessages(conversationId: ConversationId, messages: readonly Message[]): void {
    this.#machine.observeMessages(conversationId, messages);
    this.#sendAll(conversationId);
  }

  /** Everything up to `seq` is in the history store: those messages are done. */
  observeStored(conversationId: ConversationId, seq: number): void {
    this.#machine.observeStored(conversationId, seq);
  }

  /** What was accepted but not stored may be gone, and its seqs given to other messages. */
  epochChanged(conversationId: ConversationId): void {
    this.#machine.epochChanged(conversationId);
    this.#sendAll(conversationId);
  }

  /** Sends no more. What is not stored stays in the storage. */
  close(): void {
    this.disconnected();
  }

  #sendAll(conversationId: ConversationId): void {
    if (this.#isOnline && !this.#sending.has(conversationId)) void this.#sendInOrder(conversationId);
  }

  async #sendInOrder(conversationId: ConversationId): Promise<void> {
    this.#sending.add(conversationId);
    let failures = 0;
    while (this.#isOnline) {
      const next = this.#machine.messagesIn(conversationId).find((message) => this.#machine.needsWork(message));
      if (!next || this.#unsaved.has(next.clientMessageId)) break;
      const refused = this.#machine.isUncertain(next)
        ? await this.#lookUpInHistory(conversationId)
        : await this.#attempt(next);
      failures = refused ? failures + 1 : 0;
      if (refused && this.#isOnline) await pause(delayBefore(failures, refused), this.#backoff.signal);
    }
    this.#sending.delete(conversationId);
  }

  /** @returns the refusal, if another attempt can succeed */
  async #attempt(outgoing: OutboxMessage): Promise<Refused | undefined> {
    const { conversationId, clientMessageId, text, replyTo } = outgoing;
    const epochs = this.#machine.epochCount(conversationId);
    const reply = await this.#options.send({
      conversationId,
      clientMessageId,
      kind: 'text',
      text,
      ...(replyTo !== undefined && { replyTo }),
    });
    const message = this.#machine.get(clientMessageId);
    if (!message || message.state === 'failed') return undefined;
    if (reply.ok) {
      if (epochs === this.#machine.epochCount(conversationId)) this.#machine.markAccepted(message, reply.message.seq);
      return undefined;
    }
    if (message.state === 'accepted') return undefined;
    if (reply.code === 'UNAVAILABLE' || reply.code === 'INTERNAL') this.#machine.markUncertain(message);
    if (reply.retryable) return reply;
    this.#machine.markFailed(message, errorOf(reply));
    return undefined;
  }

  /**
   * Looks for the conversation's messages whose fate is not known.
   *
   * @returns the refusal, if another attempt can succeed
   */
  async #lookUpInHistory(conversationId: ConversationId): Promise<Refused | undefined> {
    const sought = () =>
      this.#machine
        .messagesIn(conversationId)
        .filter((each) => this.#machine.needsWork(each) && this.#machine.isUncertain(each));
    const first = sought();
    const ids = new Set(first.map(({ clientMessageId }) => clientMessageId));
    const rest = () => sought().filter(({ clientMessageId }) => ids.has(clientMessageId));
    const outcome = await readHistory({
      conversationId,
      afterSeq: Math.min(...first.map(({ seq, afterSeq = END }) => (seq === undefined ? afterSeq : seq - 1))),
      fetchSince: this.#options.fetchSince,
      onPage: (messages) => {
        this.#machine.foundInHistory(messages);
        return rest().length > 0;
      },
    });
    if (outcome.kind === 'read')
      await Promise.all(rest().map((each) => this.#machine.notInHistory(each, outcome.headSeq)));
    if (outcome.kind !== 'refused') return undefined;
    const { refused } = outcome;
    if (refused.code !== 'FORBIDDEN' && refused.code !== 'NOT_FOUND') return refused;
    for (const message of rest()) {
      if (message.state === 'accepted') this.#machine.remove(message);
      else this.#machine.markFailed(message, errorOf(refused));
    }
    return undefined;
  }

  async #saveAndSend(message: OutboxMessage): Promise<void> {
    this.#unsaved.add(message.clientMessageId);
    try {
      await this.#machine.save(message);
    } catch {
      this.#machine.markFailed(message, NOT_SAVED);
    }
    this.#unsaved.delete(message.clientMessageId);
    this.#sendAll(message.conversationId);
  }
}

const OUTBOX_FULL = 'Too many messages are on their way: wait until some are sent.';

const NOT_SAVED: ErrorBody = {
  code: 'UNAVAILABLE',
  message: 'This device has no room to keep the message until it is sent.',
  retryable: true,
};

const errorOf = ({ ok: _, ...error }: Refused): ErrorBody => error;

const delayBefore = (failures: number, refused: Refused) =>
  Math.max(
    retryDelayMs(failures, 200, MAX_BACKOFF_MS),
    refused.retryAfterMs === undefined ? 0 : requestedDelayMs(refused.retryAfterMs),
  );
