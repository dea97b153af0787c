import type { ConversationId, TypingPayload } from '@parley/protocol';

/** Servers drop a typing signal after 6 s, so it is repeated before that, but not with every key press. */
const REPEAT_MS = 3_000;

/** Sends typing signals for this user, at most one per conversation in 3 s. */
export class TypingSender {
  readonly #send: (payload: TypingPayload) => void;
  /** Time of the last signal per conversation in which the user is typing, by the monotonic clock. */
  readonly #sentAtMs = new Map<ConversationId, number>();

  constructor(send: (payload: TypingPayload) => void) {
    this.#send = send;
  }

  /** Call with true on each input, and with false when the input is empty. */
  set(conversationId: ConversationId, isTyping: boolean): void {
    const sentAtMs = this.#sentAtMs.get(conversationId);
    const nowMs = performance.now();
    if (isTyping) {
      if (sentAtMs !== undefined && nowMs - sentAtMs < REPEAT_MS) return;
      this.#sentAtMs.set(conversationId, nowMs);
    } else if (!this.#sentAtMs.delete(conversationId)) {
      return;
    }
    this.#send({ conversationId, isTyping });
  }

  /** Forgets a conversation. */
  forget(conversationId: ConversationId): void {
    this.#sentAtMs.delete(conversationId);
  }

  /** Forgets what was sent. The next input sends a signal to the new server. */
  reset(): void {
    this.#sentAtMs.clear();
  }
}
