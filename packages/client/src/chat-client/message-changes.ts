import type { ClientMessageId, ConversationId, MessageId, Refused, SendReply } from '@parley/protocol';
import type { Connection } from '../connection.ts';
import { ParleyError } from '../parley-error.ts';
import { randomId } from '../random-id.ts';
import { delayAfterMs, pause } from '../retry-delay.ts';

/** A change that was not accepted within this time has failed. */
const DEADLINE_MS = 20_000;

/**
 * Edits, deletes and reacts to messages. Unlike a new message, a change does not go through the outbox: it is retried for up
 * to 20 s and then fails. All attempts carry the same `clientMessageId`, so the cluster accepts the change once. The change
 * becomes visible when it arrives as a message of the log.
 */
export class MessageChanges {
  readonly #request: Connection['request'];
  readonly #closing = new AbortController();

  /** @param request makes one attempt; resolves with the error instead of rejecting */
  constructor(request: Connection['request']) {
    this.#request = request;
  }

  /** @throws ParleyError */
  edit(conversationId: ConversationId, messageId: MessageId, text: string): Promise<void> {
    const payload = { ...changeOf(conversationId, messageId), text };
    return this.#retryUntilDone(() => this.#request('message:edit', payload));
  }

  /** @throws ParleyError */
  delete(conversationId: ConversationId, messageId: MessageId): Promise<void> {
    const payload = changeOf(conversationId, messageId);
    return this.#retryUntilDone(() => this.#request('message:delete', payload));
  }

  /** @param emoji null removes the reaction @throws ParleyError */
  react(conversationId: ConversationId, messageId: MessageId, emoji: string | null): Promise<void> {
    const payload = { ...changeOf(conversationId, messageId), ...(emoji !== null && { emoji }) };
    return this.#retryUntilDone(() => this.#request('message:react', payload));
  }

  /** Cancels all running attempts. */
  close(): void {
    this.#closing.abort();
  }

  async #retryUntilDone(attempt: () => Promise<SendReply | Refused>): Promise<void> {
    const { signal } = this.#closing;
    const endsAtMs = performance.now() + DEADLINE_MS;
    for (let failures = 1; ; failures += 1) {
      const reply = await attempt();
      if (reply.ok) return;
      const delayMs = delayAfterMs(failures, reply);
      if (!reply.retryable || performance.now() + delayMs > endsAtMs) throw new ParleyError(reply);
      await pause(delayMs, signal);
      if (signal.aborted) throw new ParleyError(reply);
    }
  }
}

const changeOf = (conversationId: ConversationId, messageId: MessageId) => ({
  conversationId,
  messageId,
  clientMessageId: randomId() as ClientMessageId,
});
