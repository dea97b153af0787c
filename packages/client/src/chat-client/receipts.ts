import type { Receipt, UserId } from '@parley/protocol';
import type { ReceiptSeqs } from './chat-snapshot.ts';

/** Receipts of the other members of a conversation. They only move forward: late or repeated reports have no effect. */
export class Receipts {
  readonly #myId: UserId;
  #seqs: ReadonlyMap<UserId, ReceiptSeqs> = new Map();

  constructor(myId: UserId) {
    this.#myId = myId;
  }

  /** A new map after each change. */
  get seqs(): ReadonlyMap<UserId, ReceiptSeqs> {
    return this.#seqs;
  }

  /** Forgets the receipts of users who have left. */
  retain(memberIds: ReadonlySet<UserId>): void {
    if ([...this.#seqs.keys()].every((id) => memberIds.has(id))) return;
    this.#seqs = new Map([...this.#seqs].filter(([id]) => memberIds.has(id)));
  }

  /** @returns whether a receipt moved */
  merge(readers: readonly Receipt[]): boolean {
    const moved = readers.flatMap(({ userId, readSeq, deliveredSeq }): [UserId, ReceiptSeqs][] => {
      const before = this.#seqs.get(userId);
      const isNews = !before || readSeq > before.readSeq || deliveredSeq > before.deliveredSeq;
      if (userId === this.#myId || !isNews) return [];
      const read = Math.max(readSeq, before?.readSeq ?? 0);
      return [[userId, { readSeq: read, deliveredSeq: Math.max(deliveredSeq, before?.deliveredSeq ?? 0) }]];
    });
    if (moved.length > 0) this.#seqs = new Map([...this.#seqs, ...moved]);
    return moved.length > 0;
  }
}
