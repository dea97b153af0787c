import { pause } from '@parley/service-kit';

/** A look at who is there, at least this often. */
const EVERY_MS = 1_000;

/** A round that was asked for begins this much later, so that what comes together shares it. */
const GATHER_MS = 20;

/** Between two rounds, at least. */
const APART_MS = 250;

/** After a round in which something changed, the next one gathers this long: clients get one packet a second at most. */
const APART_AFTER_CHANGES_MS = 1_000;

/** When rounds begin: at once when something is reported after a quiet moment, and otherwise about once a second. */
export class RoundClock {
  #dueAt = 0;
  #earliestAt = 0;
  #nap = new AbortController();

  /** Resolves when the next round is due, or the signal aborts. */
  async due(signal: AbortSignal): Promise<void> {
    for (;;) {
      const dueInMs = this.#dueAt - performance.now();
      if (dueInMs <= 0 || signal.aborted) return;
      this.#nap = new AbortController();
      await pause(dueInMs, AbortSignal.any([signal, this.#nap.signal]));
    }
  }

  /** A round begins; in whichever way it ends, the next one is planned. */
  began(now = performance.now()): void {
    this.#dueAt = now + EVERY_MS;
    this.#earliestAt = now + APART_MS;
  }

  /** The round that began changes something. */
  changed(now = performance.now()): void {
    this.#earliestAt = now + APART_AFTER_CHANGES_MS;
    this.#dueAt = Math.max(this.#dueAt, this.#earliestAt);
  }

  /** Something was reported. */
  wake(now = performance.now()): void {
    const dueAt = Math.max(this.#earliestAt, now + GATHER_MS);
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    this.#nap.abort();
  }

  /** No round for this long, whatever is reported. */
  rest(restMs: number, now = performance.now()): void {
    this.#earliestAt = now + restMs;
    this.#dueAt = this.#earliestAt;
  }
}
