import { pause } from '@parley/service-kit';

/** A round runs at least this often. */
const ROUND_INTERVAL_MS = 1_000;

/** A requested round starts after this delay, so simultaneous reports share it. */
const GATHER_MS = 20;

/** The minimum interval between the starts of two rounds. */
const MIN_INTERVAL_MS = 250;

/** The minimum interval after a round with changes: it bounds the presence packets of a client to one per second. */
const MIN_INTERVAL_AFTER_CHANGES_MS = 1_000;

/** Decides when rounds start: soon after a report when the last round was a while ago, otherwise about once a second. */
export class RoundSchedule {
  #dueAt = 0;
  #earliestAt = 0;
  #wait = new AbortController();

  /** Resolves when the next round is due, or the signal aborts. */
  async nextDue(signal: AbortSignal): Promise<void> {
    for (;;) {
      const dueInMs = this.#dueAt - performance.now();
      if (dueInMs <= 0 || signal.aborted) return;
      this.#wait = new AbortController();
      await pause(dueInMs, AbortSignal.any([signal, this.#wait.signal]));
    }
  }

  /** Plans the next round at the start of one, so a round that fails has a successor. */
  roundStarted(now = performance.now()): void {
    this.#dueAt = now + ROUND_INTERVAL_MS;
    this.#earliestAt = now + MIN_INTERVAL_MS;
  }

  /** Delays the next round, because the current one publishes changes. */
  changesFound(now = performance.now()): void {
    this.#earliestAt = now + MIN_INTERVAL_AFTER_CHANGES_MS;
    this.#dueAt = Math.max(this.#dueAt, this.#earliestAt);
  }

  /** Requests a round as soon as the minimum interval allows it. */
  requestRound(now = performance.now()): void {
    const dueAt = Math.max(this.#earliestAt, now + GATHER_MS);
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    this.#wait.abort();
  }

  /** Allows no round for this time, even if one is requested. */
  postpone(delayMs: number, now = performance.now()): void {
    this.#earliestAt = now + delayMs;
    this.#dueAt = this.#earliestAt;
  }
}
