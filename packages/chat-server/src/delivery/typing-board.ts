import { type ConversationId, MAX_TYPING, type UserId } from '@parley/protocol';

/** Whoever is typing says so again within that time. */
export const TYPING_HOLDS_MS = 6_000;

/** Who is typing in the conversations that this server has sessions of. */
export class TypingBoard {
  /** Until when each of them counts as typing, the longest typing first; ms of the clock that callers give. */
  readonly #typing = new Map<ConversationId, Map<UserId, number>>();

  note(conversationId: ConversationId, userId: UserId, isTyping: boolean, nowMs: number): void {
    const typing = this.#typing.get(conversationId) ?? new Map<UserId, number>();
    if (isTyping) typing.set(userId, nowMs + TYPING_HOLDS_MS);
    else typing.delete(userId);
    this.#keep(conversationId, typing);
  }

  /** At most `MAX_TYPING`. */
  namesOf(conversationId: ConversationId): UserId[] {
    return [...(this.#typing.get(conversationId)?.keys() ?? [])].slice(0, MAX_TYPING);
  }

  /** Forgets who has not said so again in time. @returns the conversations where somebody was */
  expire(nowMs: number): ConversationId[] {
    const changed: ConversationId[] = [];
    for (const [conversationId, typing] of this.#typing) {
      const before = typing.size;
      for (const [userId, untilMs] of typing) if (untilMs <= nowMs) typing.delete(userId);
      if (typing.size < before) changed.push(conversationId);
      this.#keep(conversationId, typing);
    }
    return changed;
  }

  #keep(conversationId: ConversationId, typing: Map<UserId, number>): void {
    if (typing.size > 0) this.#typing.set(conversationId, typing);
    else this.#typing.delete(conversationId);
  }
}
