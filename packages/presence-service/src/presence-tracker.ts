import type { PresenceDifference, ShownState } from '@parley/presence';
import type { UserId } from '@parley/protocol';

/** The most differences of one look; the rest comes with the next. Bounds a round after a long absence. */
const MAX_DIFFERENCES = 1_000;

/**
 * Who is shown how, and what would have to change about it.
 *
 *            has a place               no place for the whole grace
 *     offline ────────▶ online ⇄ away ─────────────────────────────▶ offline
 *
 * A person without a place is shown as before until the grace is over; back within it, nothing has happened.
 */
export class PresenceTracker {
  readonly #graceMs: number;
  #shown = new Map<UserId, ShownState>();
  /** `performance.now()` since when a person who is shown has no place. */
  readonly #goneSince = new Map<UserId, number>();

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  get shown(): ReadonlyMap<UserId, ShownState> {
    return this.#shown;
  }

  /** Goes on from what the board shows. */
  restore(people: ReadonlyMap<UserId, ShownState>): void {
    this.#shown = new Map(people);
  }

  /** A server says that a person has just left: the grace begins, unless that person turns out to be there. */
  noteGone(userId: UserId, now = performance.now()): void {
    if (this.#shown.has(userId) && !this.#goneSince.has(userId)) this.#goneSince.set(userId, now);
  }

  /**
   * What differs between what is shown and what is so.
   *
   * @param live who holds a place now
   * @param away who said to be away
   */
  compare(live: readonly UserId[], away: ReadonlySet<UserId>, now = performance.now()): PresenceDifference[] {
    const differences: PresenceDifference[] = [];
    for (const userId of live) {
      this.#goneSince.delete(userId);
      const state = away.has(userId) ? 'away' : 'online';
      if (this.#shown.get(userId) !== state) differences.push({ userId, state });
    }
    const isLive = new Set(live);
    const clock = Date.now() - now;
    for (const userId of this.#shown.keys()) {
      if (isLive.has(userId)) continue;
      this.noteGone(userId, now);
      const goneSince = this.#goneSince.get(userId) ?? now;
      if (now - goneSince < this.#graceMs) continue;
      differences.push({ userId, state: 'offline', lastSeenAtMs: Math.round(clock + goneSince) });
    }
    return differences.slice(0, MAX_DIFFERENCES);
  }

  /** These differences are shown now. */
  commit(differences: readonly PresenceDifference[]): void {
    for (const { userId, state } of differences) {
      if (state !== 'offline') {
        this.#shown.set(userId, state);
        continue;
      }
      this.#shown.delete(userId);
      this.#goneSince.delete(userId);
    }
  }
}
