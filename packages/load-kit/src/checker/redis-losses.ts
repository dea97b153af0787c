import type { EventRecord, RecordedFault, RecordedMessage } from '../events/event-record.ts';

/** A position of the log, and the time at which its message was first sent. */
export interface SentPosition extends Pick<RecordedMessage, 'conversationId' | 'seq'> {
  readonly sentAtMs: number;
}

/**
 * The losses that the contract allows when Redis loses its newest writes.
 *
 * An acked message may be lost if all of these hold:
 *
 * - a fault that loses Redis data was active after the message was sent;
 * - the epoch of its conversation ended after that, and clients could see it;
 * - no client got a report, in the epoch of the message, that its seq is stored.
 *
 * An ack has no epoch. The message was appended after it was sent, so its epoch is the newest one that a client knew by then, or a
 * later one. A report of that epoch covers the message. In a later epoch the seq is above everything that was reported before,
 * or else the final positions of the messages disagree with the store.
 */
export class RedisLosses {
  readonly #faults: readonly RecordedFault[];
  /** For each conversation its epochs, in the order in which they became known. */
  readonly #epochs = new Map<string, { epoch: string; knownAtMs: number; storedSeq: number }[]>();

  constructor({ faults, events }: Pick<EventRecord, 'faults' | 'events'>) {
    this.#faults = faults.filter(({ losesRedisData }) => losesRedisData);
    for (const event of events) {
      if (event.type !== 'epoch' && event.type !== 'stored') continue;
      const epochs = this.#epochs.get(event.conversationId) ?? [];
      this.#epochs.set(event.conversationId, epochs);
      let known = epochs.find(({ epoch }) => epoch === event.epoch);
      if (!known) {
        known = { epoch: event.epoch, knownAtMs: event.atMs, storedSeq: 0 };
        epochs.push(known);
      }
      if (event.type === 'stored') known.storedSeq = Math.max(known.storedSeq, event.seq);
    }
  }

  /** Whether Redis lost data at all. */
  get isPossible(): boolean {
    return this.#faults.length > 0;
  }

  /** Whether the message at this position may be lost, and the position be given to another message. */
  allows({ conversationId, seq, sentAtMs }: SentPosition): boolean {
    if (!this.#faults.some(({ endedAtMs }) => endedAtMs >= sentAtMs)) return false;
    const epochs = this.#epochs.get(conversationId) ?? [];
    if (!epochs.some(({ knownAtMs }) => knownAtMs > sentAtMs)) return false;
    const own = epochs.findLast(({ knownAtMs }) => knownAtMs <= sentAtMs);
    return (own?.storedSeq ?? 0) < seq;
  }
}
