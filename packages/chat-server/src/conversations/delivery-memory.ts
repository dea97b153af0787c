import type { ConversationId, MessagesPacket } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** Conversations whose deliveries are remembered, and packets of each. */
const MAX_CONVERSATIONS = 2_000;
const MAX_PACKETS = 200;

/** That this server handed a message to so many of its sessions. */
export interface Delivery {
  readonly atMs: number;
  readonly sessions: number;
}

interface DeliveredPacket extends Delivery {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** When this server handed which messages to its sessions: the newest packets of each conversation, for passports. */
export class DeliveryMemory {
  readonly #packets = new LRUCache<ConversationId, DeliveredPacket[]>({ max: MAX_CONVERSATIONS });

  /** One call for each packet, whatever the number of its messages and receivers. */
  note({ conversationId, messages }: MessagesPacket, sessions: number): void {
    const first = messages[0];
    const last = messages.at(-1);
    if (!first || !last || sessions === 0) return;
    const packets = this.#packets.get(conversationId) ?? [];
    packets.push({ fromSeq: first.seq, toSeq: last.seq, atMs: Date.now(), sessions });
    if (packets.length > MAX_PACKETS) packets.shift();
    this.#packets.set(conversationId, packets);
  }

  /** The first delivery of a message, as far as it is remembered. */
  find(conversationId: ConversationId, seq: number): Delivery | undefined {
    const packet = this.#packets.get(conversationId)?.find(({ fromSeq, toSeq }) => fromSeq <= seq && seq <= toSeq);
    return packet && { atMs: packet.atMs, sessions: packet.sessions };
  }
}
