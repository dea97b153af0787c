import type { ConversationId, Receipt } from '@parley/protocol';
import type { ChatIo } from '../socket-types.ts';
import type { EventLoopUtilisation } from './event-loop-utilisation.ts';
import type { Signal } from './signal-bus.ts';
import { TypingBoard } from './typing-board.ts';

/** Larger rooms do not show who is typing: somebody always is, and each change would cost one packet per member. */
const MAX_TYPING_ROOM = 500;

/** Event-loop utilisation above which `typing` is deferred: users miss it least of all events. */
const MAX_UTILISATION = 0.7;

/** Delivers signals to this server's sessions, one packet for each conversation and batch. */
export class SignalDelivery {
  readonly #io: ChatIo;
  readonly #board = new TypingBoard();
  /** Conversations whose typing users changed while this server was too busy to send them. */
  readonly #deferred = new Set<ConversationId>();
  readonly #utilisation: EventLoopUtilisation;

  constructor(io: ChatIo, utilisation: EventLoopUtilisation) {
    this.#io = io;
    this.#utilisation = utilisation;
  }

  receive(signals: readonly Signal[]): void {
    const { rooms } = this.#io.of('/').adapter;
    const typingIn = new Set<ConversationId>();
    const receipts = new Map<ConversationId, Receipt[]>();
    for (const signal of signals) {
      const { conversationId } = signal;
      if (!rooms.has(conversationId)) continue;
      if (signal.kind === 'typing') {
        this.#board.note(conversationId, signal.userId, signal.isTyping, performance.now());
        typingIn.add(conversationId);
      } else {
        receipts.set(conversationId, [...(receipts.get(conversationId) ?? []), signal.receipt]);
      }
    }
    for (const conversationId of typingIn) this.#sendTyping(conversationId);
    for (const [conversationId, readers] of receipts)
      this.#io.local.to(conversationId).emit('receipts', { conversationId, readers });
  }

  /** Sends the typing users of conversations where a signal expired, or whose packet was deferred. */
  expireTyping(): void {
    const expired = this.#board.expire(performance.now());
    for (const conversationId of new Set([...expired, ...this.#deferred])) this.#sendTyping(conversationId);
  }

  /** Whether the conversation shows who is typing: its room must be small enough. */
  showsTyping(conversationId: ConversationId): boolean {
    return (this.#io.of('/').adapter.rooms.get(conversationId)?.size ?? 0) <= MAX_TYPING_ROOM;
  }

  #sendTyping(conversationId: ConversationId): void {
    this.#deferred.delete(conversationId);
    if (!this.showsTyping(conversationId)) return;
    if (this.#utilisation.current > MAX_UTILISATION) {
      this.#deferred.add(conversationId);
      return;
    }
    const userIds = this.#board.typingIn(conversationId);
    this.#io.local.to(conversationId).volatile.emit('typing', { conversationId, userIds });
  }
}
