import type { ConversationId, Receipt, UserId } from '@parley/protocol';
import type { ChatIo } from '../socket-types.ts';
import type { EventLoopUtilisation } from './event-loop-utilisation.ts';
import type { Signal } from './signal.ts';
import { TypingBoard } from './typing-board.ts';

/** In larger rooms nobody is told who types: of thousands somebody always does, and telling costs a packet for each. */
const MAX_TYPING_ROOM = 500;

/** From this share of its time on a busy server leaves out what can be missed best. */
const TOO_BUSY = 0.7;

/** Hands signals to this server's sessions: one packet for each conversation and batch. */
export class SignalDelivery {
  readonly #io: ChatIo;
  readonly #board = new TypingBoard();
  /** Where something changed while this server was too busy to tell. */
  readonly #untold = new Set<ConversationId>();
  readonly #loop: EventLoopUtilisation;

  constructor(io: ChatIo, load: EventLoopUtilisation) {
    this.#io = io;
    this.#loop = load;
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
    for (const conversationId of typingIn) this.#tellTyping(conversationId);
    for (const [conversationId, readers] of receipts)
      this.#io.local.to(conversationId).emit('receipts', { conversationId, readers });
  }

  /** Tells who has stopped typing without a word, and what there was no time to tell. */
  expireTyping(): void {
    const expired = this.#board.expire(performance.now());
    for (const conversationId of new Set([...expired, ...this.#untold])) this.#tellTyping(conversationId);
  }

  /** Whether somebody who types there would be shown. */
  showsTyping(conversationId: ConversationId): boolean {
    return (this.#io.of('/').adapter.rooms.get(conversationId)?.size ?? 0) <= MAX_TYPING_ROOM;
  }

  #tellTyping(conversationId: ConversationId): void {
    this.#untold.delete(conversationId);
    if (!this.showsTyping(conversationId)) return;
    if (this.#loop.busy > TOO_BUSY) {
      this.#untold.add(conversationId);
      return;
    }
    const userIds: UserId[] = this.#board.namesOf(conversationId);
    this.#io.local.to(conversationId).volatile.emit('typing', { conversationId, userIds });
  }
}
