import type { ConversationId, TypingPayload } from '@parley/protocol';
import type { Session } from '../session.ts';

/** Clients repeat a state every 3 s, and users count as typing for 6 s. A repeat within this time changes nothing. */
const REPEAT_MS = 2_000;

/** The conversations of one session that are remembered: a person types in few at a time. */
const MAX_CONVERSATIONS = 8;

interface SentState {
  readonly isTyping: boolean;
  readonly atMs: number;
}

/** Recognises `typing` events that repeat what their session has just sent. */
export class TypingRepeats {
  readonly #sent = new WeakMap<Session, Map<ConversationId, SentState>>();

  isRepeat(session: Session, { conversationId, isTyping }: TypingPayload, nowMs: number): boolean {
    const last = this.#sent.get(session)?.get(conversationId);
    return last !== undefined && last.isTyping === isTyping && nowMs - last.atMs < REPEAT_MS;
  }

  note(session: Session, { conversationId, isTyping }: TypingPayload, nowMs: number): void {
    const sent = this.#sent.get(session) ?? new Map<ConversationId, SentState>();
    sent.delete(conversationId);
    sent.set(conversationId, { isTyping, atMs: nowMs });
    const [oldest] = sent.keys();
    if (sent.size > MAX_CONVERSATIONS && oldest) sent.delete(oldest);
    this.#sent.set(session, sent);
  }
}
