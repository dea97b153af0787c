import type { Conversation } from '@parley/protocol';
import { delayAfterMs, pause, retryDelayMs } from '../retry-delay.ts';
import { singleFlight } from '../single-flight.ts';

/** Delay before the second of several loads that follow each other. It doubles with each further one. */
const BACKOFF_MS = 100;

/** Maximum delay before a load. Also the backoff after failures. */
const MAX_BACKOFF_MS = 30_000;

/** A load after this time without one is not delayed. */
const QUIET_MS = 60_000;

/**
 * Loads the list of conversations until it succeeds. Concurrent calls share one load.
 *
 * Each sign that the list may be outdated leads to a call, for example a packet of an unknown conversation. If the list does not
 * contain that conversation either, the next packet leads to the next call. Therefore loads that follow each other are
 * delayed, each twice as long as the one before.
 */
export class ConversationListLoader {
  readonly load = singleFlight(() => this.#loadUntilDone());
  readonly #fetch: () => Promise<readonly Conversation[]>;
  readonly #onLoading: () => (conversations: readonly Conversation[]) => void;
  readonly #closing = new AbortController();
  #lastLoadAtMs = Number.NEGATIVE_INFINITY;
  #successiveLoads = 0;

  constructor(options: {
    /** May reject. */
    fetch: () => Promise<readonly Conversation[]>;
    /** Called before each request. @returns a function that receives the list */
    onLoading: () => (conversations: readonly Conversation[]) => void;
  }) {
    this.#fetch = options.fetch;
    this.#onLoading = options.onLoading;
  }

  /** Ends a running load. */
  close(): void {
    this.#closing.abort();
  }

  async #loadUntilDone(): Promise<void> {
    const { signal } = this.#closing;
    const isQuiet = performance.now() - this.#lastLoadAtMs > QUIET_MS;
    this.#successiveLoads = isQuiet ? 0 : this.#successiveLoads + 1;
    if (!isQuiet) await pause(retryDelayMs(this.#successiveLoads, BACKOFF_MS, MAX_BACKOFF_MS), signal);
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const onLoaded = this.#onLoading();
        const conversations = await this.#fetch();
        if (!signal.aborted) onLoaded(conversations);
        break;
      } catch (error) {
        await pause(delayAfterMs(failures, error, 250, MAX_BACKOFF_MS), signal);
      }
    }
    this.#lastLoadAtMs = performance.now();
  }
}
