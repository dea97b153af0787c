import type { ConversationId, Refused, SincePayload, SinceReply } from '@parley/protocol';
import { MAX_CURSORS } from '@parley/protocol/constants';
import { delayAfterMs, pause, retryDelayMs } from '../retry-delay.ts';

/** Reordered messages arrive within this time, so a gap is fetched only after it. */
const SETTLE_MS = 150;

/** A gap that is still there after this many answers is skipped: about 3 s after it was noticed. */
const SKIP_AFTER = 5;

/** Backoff of the first repeated request for a gap. It doubles with each further one. */
const BACKOFF_MS = 250;

/** Maximum time between two requests while the cluster does not answer, or answers without the messages of a gap. */
const MAX_BACKOFF_MS = 30_000;

/** Maximum time between two requests for the messages of a hole. */
const MAX_HOLE_BACKOFF_MS = 10 * 60_000;

/** Messages that are missing in one conversation. */
export interface Gap {
  readonly conversationId: ConversationId;
  /** The last seq before the missing messages. */
  readonly afterSeq: number;
  /** Whether the messages behind it are already displayed. */
  readonly isHole: boolean;
}

/** Requests that the cluster answered without the messages of a gap. */
interface Attempts {
  readonly count: number;
  /** When the next one is due, by the monotonic clock. */
  readonly dueAtMs: number;
}

/**
 * Fetches missed messages of all conversations. One request at a time covers up to `MAX_CURSORS` conversations.
 *
 * ## Catching up
 * As long as each answer closes a gap or advances it, the next request follows at once.
 *
 * ## Backing off
 * A request without an answer, and a gap that an answer did not change, are repeated with exponential backoff and jitter. A gap
 * that stays although there are messages behind it is skipped after `SKIP_AFTER` answers: it becomes a hole, and the messages
 * behind it are displayed. A hole is requested again at growing intervals, at most `MAX_HOLE_BACKOFF_MS`.
 *
 * ## Idle
 * There are no gaps. `soon` and `now` look for new ones. `now`, at the start of a connection, also ends all backoffs.
 */
export class CatchUp {
  readonly #gaps: () => readonly Gap[];
  readonly #fetch: (payload: SincePayload) => Promise<SinceReply | Refused>;
  readonly #skip: (conversationId: ConversationId, upToSeq: number) => void;
  readonly #closing = new AbortController();
  /** By conversation and seq. Only of gaps that still exist. */
  readonly #attempts = new Map<string, Attempts>();
  #timer: { readonly handle: ReturnType<typeof setTimeout>; readonly atMs: number } | undefined;
  #isRunning = false;
  /** Requests without an answer, in succession. */
  #failures = 0;
  #wait = new AbortController();

  constructor(options: {
    /** Returns the gaps, at most one that is not a hole for each conversation. */
    gaps: () => readonly Gap[];
    /** Fetches the messages after the cursors and merges them. */
    fetch: (payload: SincePayload) => Promise<SinceReply | Refused>;
    /** Shows the messages behind the gap of a conversation, if there are any, and behind all gaps before `upToSeq`. */
    skip: (conversationId: ConversationId, upToSeq: number) => void;
  }) {
    this.#gaps = options.gaps;
    this.#fetch = options.fetch;
    this.#skip = options.skip;
  }

  /** Looks for gaps after a short delay. Does nothing during a catch-up, because each round looks for gaps again. */
  soon(): void {
    if (!this.#isRunning) this.#runAt(performance.now() + SETTLE_MS);
  }

  /** Starts a catch-up at once, without the rest of any backoff. */
  now(): void {
    this.#attempts.clear();
    this.#failures = 0;
    this.#wait.abort();
    void this.#run();
  }

  close(): void {
    clearTimeout(this.#timer?.handle);
    this.#closing.abort();
    this.#wait.abort();
  }

  #runAt(atMs: number): void {
    if (this.#closing.signal.aborted || (this.#timer && this.#timer.atMs <= atMs)) return;
    clearTimeout(this.#timer?.handle);
    this.#timer = { handle: setTimeout(() => void this.#run(), atMs - performance.now()), atMs };
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer?.handle);
    this.#timer = undefined;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#closing.signal.aborted) {
      const due = this.#dueGaps();
      if (due.length === 0) break;
      this.#wait = new AbortController();
      const cursors = due.map(({ conversationId, afterSeq }) => ({ conversationId, afterSeq }));
      const reply = await this.#fetch({ cursors });
      if (this.#closing.signal.aborted) break;
      if (reply.ok) this.#handleReply(due, reply);
      else await this.#backOff(reply);
    }
    this.#isRunning = false;
    const dueAtMs = Math.min(...[...this.#attempts.values()].map((each) => each.dueAtMs));
    if (Number.isFinite(dueAtMs)) this.#runAt(dueAtMs);
  }

  /** Returns the gaps to request now, one for each conversation, and forgets the attempts at gaps that are closed. */
  #dueGaps(): readonly Gap[] {
    const gaps = this.#gaps();
    const keys = new Set(gaps.map(keyOf));
    for (const key of this.#attempts.keys()) if (!keys.has(key)) this.#attempts.delete(key);
    const nowMs = performance.now();
    const due = new Map<ConversationId, Gap>();
    for (const gap of gaps) {
      const isDue = (this.#attempts.get(keyOf(gap))?.dueAtMs ?? 0) <= nowMs;
      if (isDue && (due.get(gap.conversationId)?.isHole ?? true)) due.set(gap.conversationId, gap);
    }
    return [...due.values()].slice(0, MAX_CURSORS);
  }

  #handleReply(asked: readonly Gap[], reply: SinceReply): void {
    this.#failures = 0;
    const pages = new Map(reply.conversations.map((page) => [page.conversationId, page]));
    const remaining = new Set(this.#gaps().map(keyOf));
    const hasProgress = asked.some((gap) => !remaining.has(keyOf(gap)));
    for (const gap of asked) {
      const key = keyOf(gap);
      if (!remaining.has(key)) continue;
      const page = pages.get(gap.conversationId);
      // A reply has a maximum size. A conversation for which it had no room is not stuck.
      if (hasProgress && page?.hasMore && page.messages.length === 0) continue;
      const count = (this.#attempts.get(key)?.count ?? 0) + 1;
      const delayMs = retryDelayMs(count, BACKOFF_MS, gap.isHole ? MAX_HOLE_BACKOFF_MS : MAX_BACKOFF_MS);
      this.#attempts.set(key, { count, dueAtMs: performance.now() + delayMs });
      if (count >= SKIP_AFTER && !gap.isHole) this.#skip(gap.conversationId, page?.messages.at(-1)?.seq ?? 0);
    }
  }

  async #backOff(refused: Refused): Promise<void> {
    this.#failures += 1;
    await pause(delayAfterMs(this.#failures, refused, BACKOFF_MS, MAX_BACKOFF_MS), this.#wait.signal);
  }
}

/** A gap that becomes a hole keeps its key, and with it its backoff. */
const keyOf = ({ conversationId, afterSeq }: Gap) => `${conversationId} ${afterSeq}`;
