import type { MarkerRecord, MarkerStore } from '@parley/message-store';
import type { Logger } from '@parley/service-kit';

/** Markers in one bulk write. */
const MAX_BATCH = 1_000;

/** Markers that wait while the store is unavailable, about 20 MB. Beyond it further ones are only in Redis. */
const MAX_UNSAVED = 100_000;

/**
 * Saves moved markers in the store, some time after Redis has them: a client does not wait for the store, and of a marker that moves
 * often, the store gets the last position. A failed write is repeated by the next `save`.
 *
 * If the server dies before it has saved a marker, Redis still has it, and the user's next `session:hello` saves it.
 */
export class MarkerSaver {
  readonly #store: MarkerStore;
  readonly #logger: Logger;
  readonly #unsaved = new Map<string, MarkerRecord>();
  #dropped = 0;

  constructor(parts: { store: MarkerStore; logger: Logger }) {
    this.#store = parts.store;
    this.#logger = parts.logger;
  }

  /** Adds a marker that moved. A number that is 0 is unknown, and stays as it is in the store. */
  add(marker: MarkerRecord): void {
    const key = `${marker.userId} ${marker.conversationId}`;
    const known = this.#unsaved.get(key);
    if (!known && this.#unsaved.size >= MAX_UNSAVED) this.#dropped += 1;
    else this.#unsaved.set(key, known ? merge(known, marker) : marker);
  }

  /** Saves all markers added so far. One call at a time. */
  async save(): Promise<void> {
    if (this.#dropped > 0) {
      this.#logger.warn(
        { dropped: this.#dropped },
        'read markers were not saved: the store has been unavailable for long',
      );
      this.#dropped = 0;
    }
    const waiting = [...this.#unsaved];
    for (let first = 0; first < waiting.length; first += MAX_BATCH) {
      const batch = waiting.slice(first, first + MAX_BATCH);
      await this.#store.saveBatch(batch.map(([, marker]) => marker));
      // One that moved during the write stays for the next call.
      for (const [key, marker] of batch) if (this.#unsaved.get(key) === marker) this.#unsaved.delete(key);
    }
  }
}

const merge = (a: MarkerRecord, b: MarkerRecord): MarkerRecord => ({
  ...a,
  readSeq: Math.max(a.readSeq, b.readSeq),
  readAtMs: Math.max(a.readAtMs, b.readAtMs),
  deliveredSeq: Math.max(a.deliveredSeq, b.deliveredSeq),
});
