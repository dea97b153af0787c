import type { Refused, SincePayload, SinceReply } from '@parley/protocol';
import { MAX_CURSORS } from '@parley/protocol/constants';
import { pause, requestedDelayMs, retryDelayMs } from '../retry-delay.ts';

/** Messages that overtook each other are together again after this time: no gap yet. */
const SETTLE_MS = 150;

/** How often a gap that does not close is asked for before the next sign of it. */
const MAX_FRUITLESS_ROUNDS = 6;

export type Cursor = SincePayload['cursors'][number];

/** Fills the gaps of all conversations, with one request at a time for as many of them as it takes. */
export class CatchUp {
  readonly #gaps: () => readonly Cursor[];
  readonly #fetch: (payload: SincePayload) => Promise<SinceReply | Refused>;
  readonly #closing = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;
  #fruitlessRounds = 0;
  #wait = new AbortController();

  constructor(options: {
    /** The conversations that lack messages, each with the last seq that it has. */
    gaps: () => readonly Cursor[];
    /** Asks for what comes after the cursors, and merges it. */
    fetch: (payload: SincePayload) => Promise<SinceReply | Refused>;
  }) {
    this.#gaps = options.gaps;
    this.#fetch = options.fetch;
  }

  /** Fills what is still missing in a moment; nothing is to be done while it runs, for each round looks anew. */
  soon(): void {
    if (this.#isRunning || this.#closing.signal.aborted) return;
    this.#timer ??= setTimeout(() => this.now(), SETTLE_MS);
  }

  /** Fills what is missing at once, without the rest of a pause that it may be in. */
  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#fruitlessRounds = 0;
    this.#wait.abort();
    if (!this.#isRunning) void this.#run();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
    this.#wait.abort();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (!this.#closing.signal.aborted && this.#fruitlessRounds < MAX_FRUITLESS_ROUNDS) {
      const cursors = this.#gaps().slice(0, MAX_CURSORS);
      if (cursors.length === 0) break;
      this.#wait = new AbortController();
      const reply = await this.#fetch({ cursors });
      if (this.#closing.signal.aborted) break;
      if (reply.ok && reply.conversations.some(({ messages }) => messages.length > 0)) {
        this.#fruitlessRounds = 0;
        continue;
      }
      this.#fruitlessRounds += 1;
      const requestedMs = reply.ok || reply.retryAfterMs === undefined ? 0 : requestedDelayMs(reply.retryAfterMs);
      await pause(Math.max(retryDelayMs(this.#fruitlessRounds), requestedMs), this.#wait.signal);
    }
    this.#isRunning = false;
  }
}
