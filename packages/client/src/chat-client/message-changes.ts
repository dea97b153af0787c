import type { ClientMessageId, ConversationId, MessageId, Refused, SendReply } from '@parley/protocol';
import type { Connection } from '../connection.ts';
import { ParleyError } from '../parley-error.ts';
import { randomId } from '../random-id.ts';
import { pause, requestedDelayMs, retryDelayMs } from '../retry-delay.ts';

/** How long a change is tried before it counts as failed. */
const PATIENCE_MS = 20_000;

/**
 * Changes messages that are in the log. A change is not kept like a message: it is tried for some seconds under one
 * `clientMessageId`, so that it is accepted once, and then it is done or has failed. It shows when it comes as a message.
 */
export class MessageChanges {
  readonly #request: Connection['request'];
  readonly #closing = new AbortController();

  /** @param request one attempt; resolves with a refusal rather than to reject */
  constructor(request: Connection['request']) {
    this.#request = request;
  }

  /** @throws ParleyError */
  edit(conversationId: ConversationId, messageId: MessageId, text: string): Promise<void> {
    const payload = { ...changeOf(conversationId, messageId), text };
    return this.#untilDone(() => this.#request('message:edit', payload));
  }

  /** @throws ParleyError */
  delete(conversationId: ConversationId, messageId: MessageId): Promise<void> {
    const payload = changeOf(conversationId, messageId);
    return this.#untilDone(() => this.#request('message:delete', payload));
  }

  /** @param emoji null takes the reaction back @throws ParleyError */
  react(conversationId: ConversationId, messageId: MessageId, emoji: string | null): Promise<void> {
    const payload = { ...changeOf(conversationId, messageId), ...(emoji !== null && { emoji }) };
    return this.#untilDone(() => this.#request('message:react', payload));
  }

  /** Gives up what is under way. */
  close(): void {
    this.#closing.abort();
  }

  async #untilDone(attempt: () => Promise<SendReply | Refused>): Promise<void> {
    const { signal } = this.#closing;
    const endsAtMs = performance.now() + PATIENCE_MS;
    for (let failures = 1; ; failures += 1) {
      const reply = await attempt();
      if (reply.ok) return;
      const requestedMs = reply.retryAfterMs === undefined ? 0 : requestedDelayMs(reply.retryAfterMs);
      const delayMs = Math.max(retryDelayMs(failures), requestedMs);
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
