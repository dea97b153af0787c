import type { ConversationId } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** Conversations whose deliveries are remembered, and batches of each. */
const MAX_CONVERSATIONS = 2_000;
const MAX_BATCHES = 200;

/** That this server handed a message to so many of its sessions. */
export interface Delivery {
  readonly atMs: number;
  readonly sessions: number;
}

interface SeqRange {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

type DeliveredBatch = Delivery & SeqRange;

/** When this server handed which messages to its sessions: the newest batches of each conversation, for passports. */
export class DeliveryMemory {
  readonly #batches = new LRUCache<ConversationId, DeliveredBatch[]>({ max: MAX_CONVERSATIONS });

  /** One call for each batch, whatever the number of its messages and receivers. */
  note(conversationId: ConversationId, { firstSeq, lastSeq }: SeqRange, sessions: number): void {
    if (sessions === 0) return;
    const batches = this.#batches.get(conversationId) ?? [];
    batches.push({ firstSeq, lastSeq, atMs: Date.now(), sessions });
    if (batches.length > MAX_BATCHES) batches.shift();
    this.#batches.set(conversationId, batches);
  }

  /** The first delivery of a message, as far as it is remembered. */
  find(conversationId: ConversationId, seq: number): Delivery | undefined {
    const batch = this.#batches.get(conversationId)?.find(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq);
    return batch && { atMs: batch.atMs, sessions: batch.sessions };
  }
}
