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
import { MessageFates, without } from './outbox/outbox-state-machine.ts';
import { bytesOf, type OutboxMessage } from './outbox/outbox-message.ts';
import type { OutboxStorage } from './outbox/storage/outbox-storage.ts';
import { searchHistory } from './outbox/read-history.ts';
import { ParleyError } from './parley-error.ts';
import { newId } from './random-id.ts';
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
  readonly #fates: MessageFates;
  /** Not in the storage yet. */
  readonly #unkept = new Set<ClientMessageId>();
  /** Conversations whose messages are being sent right now. */
  readonly #sending = new Set<ConversationId>();
  #isOnline = false;
  /** The present time online or offline: ends its pauses. */
  #period = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#fates = new MessageFates(options);
  }

  /** What is on its way to this conversation, in the order of writing. */
  messagesOf(conversationId: ConversationId): OutboxMessage[] {
    return this.#fates.of(conversationId);
  }

  /** Shows what an earlier page, or another tab, has left. */
  load(): Promise<void> {
    return this.#fates.load();
  }

  /**
   * @param afterSeq the newest seq of the conversation that is known; the message will come after it
   * @param replyTo the message that it answers
   * @throws ParleyError `BUSY` when more can not be kept
   */
  add(conversationId: ConversationId, text: string, afterSeq?: number, replyTo?: MessageId): OutboxMessage {
    if (this.#fates.size >= MAX_OUTBOX_MESSAGES || this.#fates.bytes + bytesOf(text) > MAX_OUTBOX_BYTES) {
      throw new ParleyError({ code: 'BUSY', message: OUTBOX_FULL, retryable: true });
    }
    const message: OutboxMessage = {
      conversationId,
      clientMessageId: newId() as ClientMessageId,
      text,
      ...(replyTo !== undefined && { replyTo }),
      createdAt: this.#fates.nextCreatedAt(),
      state: 'sending',
      ...(afterSeq !== undefined && { afterSeq }),
    };
    void this.#keepAndSend(message);
    return message;
  }

  /** Tries a failed message again. */
  retry(clientMessageId: ClientMessageId): void {
    const message = this.#fates.get(clientMessageId);
    if (message?.state !== 'failed') return;
    this.#fates.doubt(message);
    void this.#keepAndSend(without(message, 'sending'));
  }

  /** Gives up a failed message. */
  discard(clientMessageId: ClientMessageId): void {
    const message = this.#fates.get(clientMessageId);
    if (message?.state === 'failed') this.#fates.remove(message);
  }

  /** There is a connection, a new one: everything that waits is tried at once. */
  async connected(): Promise<void> {
    this.disconnected();
    const { signal } = this.#period;
    await this.load();
    if (signal.aborted) return;
    this.#isOnline = true;
    this.#fates.doubtAccepted();
    for (const id of this.#fates.conversationIds) this.#sendAll(id);
  }

  disconnected(): void {
    this.#isOnline = false;
    this.#period.abort();
    this.#period = new AbortController();
  }

  /** Messages have come: they show that one's own are accepted, even if the ack was lost. */
  sawMessages(conversationId: ConversationId, messages: readonly Message[]): void {
    this.#fates.sawMessages(conversationId, messages);
    this.#sendAll(conversationId);
  }

  /** Everything up to `seq` is in the history store: those messages are done. */
  sawStored(conversationId: ConversationId, seq: number): void {
    this.#fates.sawStored(conversationId, seq);
  }

  /** What was accepted but not stored may be gone, and its seqs given to other messages. */
  epochChanged(conversationId: ConversationId): void {
    this.#fates.epochChanged(conversationId);
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
      const next = this.#fates.of(conversationId).find((message) => this.#fates.isDue(message));
      if (!next || this.#unkept.has(next.clientMessageId)) break;
      const refused = this.#fates.isUnknown(next) ? await this.#lookUp(conversationId) : await this.#attempt(next);
      failures = refused ? failures + 1 : 0;
      if (refused && this.#isOnline) await pause(delayBefore(failures, refused), this.#period.signal);
    }
    this.#sending.delete(conversationId);
  }

  /** @returns the refusal, if another attempt can succeed */
  async #attempt(outgoing: OutboxMessage): Promise<Refused | undefined> {
    const { conversationId, clientMessageId, text, replyTo } = outgoing;
    const epochs = this.#fates.epochsOf(conversationId);
    const reply = await this.#options.send({
      conversationId,
      clientMessageId,
      kind: 'text',
      text,
      ...(replyTo !== undefined && { replyTo }),
    });
    const message = this.#fates.get(clientMessageId);
    if (!message || message.state === 'failed') return undefined;
    if (reply.ok) {
      if (epochs === this.#fates.epochsOf(conversationId)) this.#fates.accept(message, reply.message.seq);
      return undefined;
    }
    if (message.state === 'accepted') return undefined;
    if (reply.code === 'UNAVAILABLE' || reply.code === 'INTERNAL') this.#fates.doubt(message);
    if (reply.retryable) return reply;
    this.#fates.fail(message, errorOf(reply));
    return undefined;
  }

  /**
   * Looks for the conversation's messages whose fate is not known.
   *
   * @returns the refusal, if another attempt can succeed
   */
  async #lookUp(conversationId: ConversationId): Promise<Refused | undefined> {
    const sought = () =>
      this.#fates.of(conversationId).filter((each) => this.#fates.isDue(each) && this.#fates.isUnknown(each));
    const first = sought();
    const ids = new Set(first.map(({ clientMessageId }) => clientMessageId));
    const rest = () => sought().filter(({ clientMessageId }) => ids.has(clientMessageId));
    const outcome = await searchHistory({
      conversationId,
      afterSeq: Math.min(...first.map(({ seq, afterSeq = END }) => (seq === undefined ? afterSeq : seq - 1))),
      fetchSince: this.#options.fetchSince,
      onPage: (messages) => {
        this.#fates.found(messages);
        return rest().length > 0;
      },
    });
    if (outcome.kind === 'read') await Promise.all(rest().map((each) => this.#fates.notThere(each, outcome.headSeq)));
    if (outcome.kind !== 'refused') return undefined;
    const { refused } = outcome;
    if (refused.code !== 'FORBIDDEN' && refused.code !== 'NOT_FOUND') return refused;
    for (const message of rest()) {
      if (message.state === 'accepted') this.#fates.remove(message);
      else this.#fates.fail(message, errorOf(refused));
    }
    return undefined;
  }

  async #keepAndSend(message: OutboxMessage): Promise<void> {
    this.#unkept.add(message.clientMessageId);
    try {
      await this.#fates.keep(message);
    } catch {
      this.#fates.fail(message, NOT_KEPT);
    }
    this.#unkept.delete(message.clientMessageId);
    this.#sendAll(message.conversationId);
  }
}

const OUTBOX_FULL = 'Too many messages are on their way: wait until some are sent.';

const NOT_KEPT: ErrorBody = {
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
