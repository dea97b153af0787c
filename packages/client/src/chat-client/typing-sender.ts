import type { ConversationId, TypingPayload } from '@parley/protocol';

/** The servers forget it after 6 s: it is said again in good time, and not with every key. */
const REPEAT_MS = 3_000;

/** Tells the others that this user is typing. */
export class TypingSender {
  readonly #send: (payload: TypingPayload) => void;
  /** When it was said last of those where it holds, by the monotonic clock. */
  readonly #saidAtMs = new Map<ConversationId, number>();

  constructor(send: (payload: TypingPayload) => void) {
    this.#send = send;
  }

  /** To be called with each input, and when there is none any more. */
  set(conversationId: ConversationId, isTyping: boolean): void {
    const saidAtMs = this.#saidAtMs.get(conversationId);
    const nowMs = performance.now();
    if (isTyping) {
      if (saidAtMs !== undefined && nowMs - saidAtMs < REPEAT_MS) return;
      this.#saidAtMs.set(conversationId, nowMs);
    } else if (!this.#saidAtMs.delete(conversationId)) {
      return;
    }
    this.#send({ conversationId, isTyping });
  }

  /** Another server, or none, listens now: the next input tells it. */
  forget(): void {
    this.#saidAtMs.clear();
  }
}
