import type { ConversationId, DoneReply, Refused, Seq } from '@parley/protocol';
import { MAX_CURSORS } from '@parley/protocol/constants';
import { pause, requestedDelayMs, retryDelayMs } from '../retry-delay.ts';

/** Minimum time between two reports. */
const INTERVAL_MS = 1_000;

/** Maximum time between two reports while none of them succeeds. */
const MAX_BACKOFF_MS = 30_000;

export interface PositionReport {
  readonly conversationId: ConversationId;
  readonly seq: Seq;
}

/**
 * Reports a position per conversation to the server, such as the read marker. The first report goes out at once, later ones
 * at most once a second, each with the newest position only. A report without an ack is repeated with exponential backoff, if
 * necessary on the next connection.
 */
export class PositionReporter {
  readonly #send: (reports: readonly PositionReport[]) => Promise<readonly (DoneReply | Refused)[]>;
  readonly #positions = new Map<ConversationId, number>();
  /** The positions that the server is known to have. */
  readonly #acknowledged = new Map<ConversationId, number>();
  #isOnline = false;
  #isRunning = false;
  /** Aborted on each connect and disconnect, which ends the current pause. */
  #pausing = new AbortController();

  /** @param send resolves with one reply per report, and with an error reply instead of rejecting */
  constructor(send: (reports: readonly PositionReport[]) => Promise<readonly (DoneReply | Refused)[]>) {
    this.#send = send;
  }

  report(conversationId: ConversationId, seq: number): void {
    if (seq <= (this.#positions.get(conversationId) ?? 0)) return;
    this.#positions.set(conversationId, seq);
    void this.#run();
  }

  /** Records the position that the server reports. */
  observeAcknowledged(conversationId: ConversationId, seq: number): void {
    this.#acknowledged.set(conversationId, seq);
  }

  /** Forgets a conversation: its seqs are no longer valid. */
  forget(conversationId: ConversationId): void {
    this.#positions.delete(conversationId);
    this.#acknowledged.delete(conversationId);
  }

  connected(): void {
    this.disconnected();
    this.#isOnline = true;
    void this.#run();
  }

  disconnected(): void {
    this.#isOnline = false;
    this.#pausing.abort();
    this.#pausing = new AbortController();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    let failures = 0;
    for (let reports = this.#due(); reports.length > 0; reports = this.#due()) {
      const replies = await this.#send(reports);
      for (const [index, report] of reports.entries()) this.#handleReply(report, replies[index]);
      const requestedMs = replies.map((reply) => (reply.ok ? 0 : requestedDelayMs(reply.retryAfterMs)));
      failures = replies.some(({ ok }) => ok) ? 0 : failures + 1;
      const backoffMs = failures > 1 ? retryDelayMs(failures, INTERVAL_MS, MAX_BACKOFF_MS) : 0;
      await pause(Math.max(INTERVAL_MS, backoffMs, ...requestedMs), this.#pausing.signal);
    }
    this.#isRunning = false;
  }

  #due(): PositionReport[] {
    if (!this.#isOnline) return [];
    return [...this.#positions]
      .filter(([conversationId, seq]) => seq > (this.#acknowledged.get(conversationId) ?? 0))
      .slice(0, MAX_CURSORS)
      .map(([conversationId, seq]) => ({ conversationId, seq: seq as Seq }));
  }

  /** A permanent error counts as acknowledged, because repeating the report would fail again. */
  #handleReply({ conversationId, seq }: PositionReport, reply: DoneReply | Refused | undefined): void {
    const isDone = reply && (reply.ok || !reply.retryable);
    const isForgotten = (this.#positions.get(conversationId) ?? 0) < seq;
    if (isDone && !isForgotten) this.#acknowledged.set(conversationId, seq);
  }
}
