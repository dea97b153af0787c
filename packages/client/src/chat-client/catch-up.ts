import type { Refused, SincePayload, SinceReply } from '@parley/protocol';
import { MAX_CURSORS } from '@parley/protocol/constants';
import { pause, requestedDelayMs, retryDelayMs } from '../retry-delay.ts';

/** Reordered messages arrive within this time, so a gap is fetched only after it. */
const SETTLE_MS = 150;

/** After this many fetches without a new message, the client waits until the gap is observed again. */
const MAX_FRUITLESS_ROUNDS = 6;

export type Cursor = SincePayload['cursors'][number];

/** Fetches missed messages of all conversations. One request at a time covers up to `MAX_CURSORS` conversations. */
export class CatchUp {
  readonly #gaps: () => readonly Cursor[];
  readonly #fetch: (payload: SincePayload) => Promise<SinceReply | Refused>;
  readonly #closing = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;
  #fruitlessRounds = 0;
  #wait = new AbortController();

  constructor(options: {
    /** Returns the conversations with missing messages, each with the last seq before its gap. */
    gaps: () => readonly Cursor[];
    /** Fetches the messages after the cursors and merges them. */
    fetch: (payload: SincePayload) => Promise<SinceReply | Refused>;
  }) {
    this.#gaps = options.gaps;
    this.#fetch = options.fetch;
  }

  /** Starts a catch-up after a short delay. Does nothing during one, because each round looks for gaps again. */
  soon(): void {
    if (this.#isRunning || this.#closing.signal.aborted) return;
    this.#timer ??= setTimeout(() => this.now(), SETTLE_MS);
  }

  /** Starts a catch-up at once, or ends the current pause of a running one. */
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
