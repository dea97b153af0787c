import { type ConversationId, MAX_TYPING, type UserId } from '@parley/protocol';

/** A user counts as typing this long after each signal. Clients repeat the signal within it. */
export const TYPING_LIFETIME_MS = 6_000;

/** The users who are typing in the conversations of this server's sessions. */
export class TypingBoard {
  /** The time at which each user stops counting as typing, in ms of the callers' clock. The longest typing user is first. */
  readonly #typing = new Map<ConversationId, Map<UserId, number>>();

  note(conversationId: ConversationId, userId: UserId, isTyping: boolean, nowMs: number): void {
    const typing = this.#typing.get(conversationId) ?? new Map<UserId, number>();
    if (isTyping) typing.set(userId, nowMs + TYPING_LIFETIME_MS);
    else typing.delete(userId);
    this.#store(conversationId, typing);
  }

  /** Returns at most `MAX_TYPING` users. */
  typingIn(conversationId: ConversationId): UserId[] {
    return [...(this.#typing.get(conversationId)?.keys() ?? [])].slice(0, MAX_TYPING);
  }

  /** Removes the users whose last signal is too old. @returns the conversations that changed */
  expire(nowMs: number): ConversationId[] {
    const changed: ConversationId[] = [];
    for (const [conversationId, typing] of this.#typing) {
      const before = typing.size;
      for (const [userId, untilMs] of typing) if (untilMs <= nowMs) typing.delete(userId);
      if (typing.size < before) changed.push(conversationId);
      this.#store(conversationId, typing);
    }
    return changed;
  }

  #store(conversationId: ConversationId, typing: Map<UserId, number>): void {
    if (typing.size > 0) this.#typing.set(conversationId, typing);
    else this.#typing.delete(conversationId);
  }
}
