import type { ConversationId } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** The most conversations, and the most batches of each, that are remembered. */
const MAX_CONVERSATIONS = 2_000;
const MAX_BATCHES = 200;

/** The delivery of a message to this server's sessions. */
export interface Delivery {
  readonly atMs: number;
  /** How many sessions of this server it was sent to. */
  readonly sessions: number;
}

interface SeqRange {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

type DeliveredBatch = Delivery & SeqRange;

/** Remembers when this server delivered the newest batches of each conversation, for message traces. */
export class DeliveryMemory {
  readonly #batches = new LRUCache<ConversationId, DeliveredBatch[]>({ max: MAX_CONVERSATIONS });

  /** Takes one call per batch, independent of the number of messages and receivers. */
  note(conversationId: ConversationId, { firstSeq, lastSeq }: SeqRange, sessions: number): void {
    if (sessions === 0) return;
    const batches = this.#batches.get(conversationId) ?? [];
    batches.push({ firstSeq, lastSeq, atMs: Date.now(), sessions });
    if (batches.length > MAX_BATCHES) batches.shift();
    this.#batches.set(conversationId, batches);
  }

  /** Returns the first delivery of a message, or undefined if it is no longer remembered. */
  find(conversationId: ConversationId, seq: number): Delivery | undefined {
    const batch = this.#batches.get(conversationId)?.find(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq);
    return batch && { atMs: batch.atMs, sessions: batch.sessions };
  }
}
