import type { ShownState, UserPresence } from '@parley/presence';
import type { UserId } from '@parley/protocol';

/** Bounds the changes of one round, for example after a long outage. The rest follows in the next rounds. */
const MAX_CHANGES = 1_000;

/**
 * Compares the shown presence with the session leases and determines the changes.
 *
 * **Offline.** The user is not shown. A session lease makes the user online, or away.
 *
 * **Online, away.** The user is shown. The client's reports switch between the two. When the lease is gone, the grace
 * period starts: at the report of the chat server, otherwise at the first comparison without a lease.
 *
 * **Grace period.** The user has no lease and is shown as before. A new lease within the period ends it without a change. At
 * its end the user becomes offline; the last-seen time is the start of the period.
 *
 * `changes` only returns the changes. They take effect with `commit`, after the presence store has accepted them; until
 * then the next call returns them again.
 */
export class PresenceTracker {
  readonly #graceMs: number;
  #shown = new Map<UserId, ShownState>();
  /** `performance.now()` at the start of each grace period. */
  readonly #graceStartedAt = new Map<UserId, number>();

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  get shown(): ReadonlyMap<UserId, ShownState> {
    return this.#shown;
  }

  /** Continues from the state of the presence store. */
  restore(users: ReadonlyMap<UserId, ShownState>): void {
    this.#shown = new Map(users);
  }

  /** Starts the grace period of a shown user, because a session ended. The next comparison cancels it if there is a lease. */
  startGrace(userId: UserId, now = performance.now()): void {
    if (this.#shown.has(userId) && !this.#graceStartedAt.has(userId)) this.#graceStartedAt.set(userId, now);
  }

  /**
   * Returns the users whose shown presence must change.
   *
   * @param live the users that hold a session slot
   * @param away the users that are reported as away
   */
  changes(live: readonly UserId[], away: ReadonlySet<UserId>, now = performance.now()): UserPresence[] {
    const changes: UserPresence[] = [];
    for (const userId of live) {
      this.#graceStartedAt.delete(userId);
      const state = away.has(userId) ? 'away' : 'online';
      if (this.#shown.get(userId) !== state) changes.push({ userId, state });
    }
    const isLive = new Set(live);
    const clock = Date.now() - now;
    for (const userId of this.#shown.keys()) {
      if (isLive.has(userId)) continue;
      this.startGrace(userId, now);
      const graceStartedAt = this.#graceStartedAt.get(userId) ?? now;
      if (now - graceStartedAt < this.#graceMs) continue;
      changes.push({ userId, state: 'offline', lastSeenAtMs: Math.round(clock + graceStartedAt) });
    }
    return changes.slice(0, MAX_CHANGES);
  }

  /** Marks these changes as shown. */
  commit(changes: readonly UserPresence[]): void {
    for (const { userId, state } of changes) {
      if (state !== 'offline') {
        this.#shown.set(userId, state);
        continue;
      }
      this.#shown.delete(userId);
      this.#graceStartedAt.delete(userId);
    }
  }
}
