import type { LastSeenStore } from '@parley/message-store';
import type { PresenceStore, SeenUser } from '@parley/presence';
import type { UserId } from '@parley/protocol';

/** Times in one bulk write. */
const MAX_BATCH = 1_000;

/** How often old times are deleted from the presence store. */
const FORGET_INTERVAL_MS = 60_000;

/**
 * Saves last-seen times in the history store, and then keeps the presence store small: it deletes the times that are old, and moves
 * those that an earlier release left there. Only the leader does this. A failed `save` keeps everything for the next one.
 */
export class LastSeenSaver {
  readonly #store: LastSeenStore;
  readonly #presence: PresenceStore;
  readonly #idleMs: number;
  readonly #unsaved = new Map<UserId, number>();
  #nextForgetAt = 0;
  #mayHaveOld = true;

  /** @param parts.idleMs how long the presence store keeps a time */
  constructor(parts: { store: LastSeenStore; presence: PresenceStore; idleMs: number }) {
    this.#store = parts.store;
    this.#presence = parts.presence;
    this.#idleMs = parts.idleMs;
  }

  add(seen: readonly SeenUser[]): void {
    for (const { userId, lastSeenAtMs } of seen) this.#unsaved.set(userId, lastSeenAtMs);
  }

  /** Drops what is not saved, because another service leads: it saves what the presence store has. */
  clear(): void {
    this.#unsaved.clear();
    this.#mayHaveOld = true;
  }

  async save(): Promise<void> {
    const unsaved = Array.from(this.#unsaved, ([userId, lastSeenAtMs]) => ({ userId, lastSeenAtMs }));
    for (let first = 0; first < unsaved.length; first += MAX_BATCH) {
      const batch = unsaved.slice(first, first + MAX_BATCH);
      await this.#store.saveBatch(batch);
      for (const { userId } of batch) this.#unsaved.delete(userId);
    }
    if (this.#mayHaveOld) await this.#moveOld();
    if (performance.now() < this.#nextForgetAt) return;
    // Everything in the presence store is saved now.
    await this.#presence.forgetSeen(Date.now() - this.#idleMs);
    this.#nextForgetAt = performance.now() + Math.min(FORGET_INTERVAL_MS, this.#idleMs);
  }

  /** Moves one batch of the times that an earlier release left in the presence store. */
  async #moveOld(): Promise<void> {
    const old = await this.#presence.oldLastSeen();
    if (old.length > 0) await this.#store.saveBatch(old);
    await this.#presence.deleteOldLastSeen(old.map(({ userId }) => userId));
    this.#mayHaveOld = old.length > 0;
  }
}
