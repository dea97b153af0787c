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
import { delayAfterMs, pause } from './retry-delay.ts';

/** Maximum number of messages in the outbox. A message leaves it when it is stored. */
export const MAX_OUTBOX_MESSAGES = 500;

/** Maximum total size of their texts in UTF-8. */
export const MAX_OUTBOX_BYTES = 2_000_000;

/** Maximum backoff between two attempts. */
const MAX_BACKOFF_MS = 5_000;
const MIN_BACKOFF_MS = 200;

/** A message normally needs a lookup and an attempt. If it needs more steps, there is a pause before each further one. */
const MAX_STEPS_WITHOUT_PAUSE = 2;

/** Used as a cursor after the last message. */
const END_SEQ = Number.MAX_SAFE_INTEGER;

export interface OutboxOptions {
  readonly userId: UserId;
  readonly storage: OutboxStorage;
  /** Makes one attempt. Resolves with an error reply instead of rejecting. */
  readonly send: (payload: SendPayload) => Promise<SendReply | Refused>;
  /** Fetches a part of the history. The reply omits a page whose epoch changed during the request. */
  readonly fetchSince: (payload: SincePayload) => Promise<SinceReply | Refused>;
  /** Called after each change of this conversation's messages. */
  readonly onChange: (conversationId: ConversationId) => void;
}

/**
 * Sends messages and keeps each one until the cluster has stored it. All attempts at a message carry the same
 * `clientMessageId`. The messages of one conversation are sent one at a time in the order they were written; a failed message does
 * not block the next one. `OutboxStateMachine` describes the states of a message.
 *
 * ## Offline
 * `add` saves the message. Nothing is sent.
 *
 * ## Online
 * `connected` loads the messages of earlier pages and other tabs, marks accepted messages as uncertain and starts to send. A
 * conversation has at most one attempt or lookup at a time. After a retryable error, and after steps without a result, it backs
 * off, at most until the next `connected`.
 *
 * The cluster recognises a repeated `clientMessageId` for 24 hours, and a stored outbox may be older. Therefore a message
 * whose outcome is unknown is never simply sent again. It is looked up in the history first, and sent only if it is not there.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #machine: OutboxStateMachine;
  /** Messages that are not saved yet. A message is sent only after it is saved. */
  readonly #unsaved = new Set<ClientMessageId>();
  /** Conversations with a running send loop. */
  readonly #sending = new Set<ConversationId>();
  #isOnline = false;
  /** Aborted on each connect and disconnect, which ends the current pauses. */
  #backoff = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#machine = new OutboxStateMachine(options);
  }

  /** Returns the outgoing messages to this conversation, in the order they were written. */
  messagesOf(conversationId: ConversationId): OutboxMessage[] {
    return this.#machine.messagesIn(conversationId);
  }

  /** Loads the messages that an earlier page or another tab has saved. */
  load(): Promise<void> {
    return this.#machine.load();
  }

  /**
   * Saves a new message and sends it as soon as possible.
   *
   * @param afterSeq the newest known seq of the conversation; the message will get a larger one
   * @param replyTo the message that this one replies to
   * @throws ParleyError `BUSY` if the outbox is full
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

  /** Retries a failed message. Does nothing after `CONFLICT`, which the same message gets on every attempt. */
  retry(clientMessageId: ClientMessageId): void {
    const message = this.#machine.get(clientMessageId);
    if (message?.state !== 'failed' || message.error?.code === 'CONFLICT') return;
    this.#machine.markUncertain(message);
    void this.#saveAndSend(without(message, 'sending'));
  }

  /** Removes a failed message. */
  discard(clientMessageId: ClientMessageId): void {
    const message = this.#machine.get(clientMessageId);
    if (message?.state === 'failed') this.#machine.remove(message);
  }

  /** Starts to send on a new connection, without the rest of any backoff. */
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

  /** Handles messages of the log. The user's own messages are accepted, even if their ack was lost. */
  observeMessages(conversationId: ConversationId, messages: readonly Message[]): void {
    this.#machine.observeMessages(conversationId, messages);
    this.#sendAll(conversationId);
  }

  /** Removes the messages up to `seq`, which are now in the history store. */
  observeStored(conversationId: ConversationId, seq: number): void {
    this.#machine.observeStored(conversationId, seq);
  }

  /** Marks messages as uncertain: in a new epoch, accepted messages that were not stored may be lost. */
  epochChanged(conversationId: ConversationId): void {
    this.#machine.epochChanged(conversationId);
    this.#sendAll(conversationId);
  }

  /** Forgets what is known about a conversation without outgoing messages, because the user has left it. */
  forget(conversationId: ConversationId): void {
    this.#machine.forget(conversationId);
  }

  /** Stops sending. Messages that are not stored stay in the storage. */
  close(): void {
    this.disconnected();
  }

  #sendAll(conversationId: ConversationId): void {
    if (this.#isOnline && !this.#sending.has(conversationId)) void this.#sendInOrder(conversationId);
  }

  async #sendInOrder(conversationId: ConversationId): Promise<void> {
    this.#sending.add(conversationId);
    let steps = 0;
    let failures = 0;
    while (this.#isOnline) {
      const next = this.#machine.messagesIn(conversationId).find((message) => this.#machine.needsWork(message));
      if (!next || this.#unsaved.has(next.clientMessageId)) break;
      const refused = this.#machine.isUncertain(next)
        ? await this.#lookUpInHistory(conversationId)
        : await this.#attempt(next);
      const after = this.#machine.get(next.clientMessageId);
      if (!after || !this.#machine.needsWork(after)) {
        steps = 0;
        failures = 0;
        continue;
      }
      steps += 1;
      if (!refused && steps < MAX_STEPS_WITHOUT_PAUSE) continue;
      failures += 1;
      if (this.#isOnline)
        await pause(delayAfterMs(failures, refused, MIN_BACKOFF_MS, MAX_BACKOFF_MS), this.#backoff.signal);
    }
    this.#sending.delete(conversationId);
  }

  /** @returns the error reply, if another attempt may succeed */
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
   * Looks up the uncertain messages of a conversation in its history.
   *
   * @returns the error reply, if another attempt may succeed
   */
  async #lookUpInHistory(conversationId: ConversationId): Promise<Refused | undefined> {
    const uncertain = () =>
      this.#machine
        .messagesIn(conversationId)
        .filter((each) => this.#machine.needsWork(each) && this.#machine.isUncertain(each));
    const first = uncertain();
    const ids = new Set(first.map(({ clientMessageId }) => clientMessageId));
    const notFound = () => uncertain().filter(({ clientMessageId }) => ids.has(clientMessageId));
    const outcome = await readHistory({
      conversationId,
      afterSeq: Math.min(...first.map(({ seq, afterSeq = END_SEQ }) => (seq === undefined ? afterSeq : seq - 1))),
      fetchSince: this.#options.fetchSince,
      onPage: (messages) => {
        this.#machine.foundInHistory(messages);
        return notFound().length > 0;
      },
    });
    if (outcome.kind === 'read')
      await Promise.all(notFound().map((each) => this.#machine.notInHistory(each, outcome.headSeq)));
    if (outcome.kind !== 'refused') return undefined;
    const { refused } = outcome;
    if (refused.code !== 'FORBIDDEN' && refused.code !== 'NOT_FOUND') return refused;
    for (const message of notFound()) {
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

const OUTBOX_FULL = 'Too many unsent messages. Wait until some are sent.';

const NOT_SAVED: ErrorBody = {
  code: 'UNAVAILABLE',
  message: 'The message could not be saved on this device. Free some storage, then retry.',
  retryable: true,
};

const errorOf = ({ ok: _, ...error }: Refused): ErrorBody => error;
