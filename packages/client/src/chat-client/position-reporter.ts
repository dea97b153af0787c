import type { ConversationId, DoneReply, Refused, Seq } from '@parley/protocol';
import { MAX_CURSORS } from '@parley/protocol/constants';
import { pause, requestedDelayMs } from '../retry-delay.ts';

/** The least time between two reports. */
const INTERVAL_MS = 1_000;

export interface PositionReport {
  readonly conversationId: ConversationId;
  readonly seq: Seq;
}

/**
 * Tells the server how far something has come in conversations, such as reading: at once, then once a second at most, and only
 * the newest seq of each. What was not acked is told again, on the next connection if need be.
 */
export class PositionReporter {
  readonly #send: (reports: readonly PositionReport[]) => Promise<readonly (DoneReply | Refused)[]>;
  readonly #reached = new Map<ConversationId, number>();
  readonly #told = new Map<ConversationId, number>();
  #isOnline = false;
  #isRunning = false;
  /** The present time online or offline: ends its pauses. */
  #period = new AbortController();

  /** @param send resolves with a reply to each report, a refusal rather than to reject */
  constructor(send: (reports: readonly PositionReport[]) => Promise<readonly (DoneReply | Refused)[]>) {
    this.#send = send;
  }

  moveTo(conversationId: ConversationId, seq: number): void {
    if (seq <= (this.#reached.get(conversationId) ?? 0)) return;
    this.#reached.set(conversationId, seq);
    void this.#run();
  }

  /** The server says how far it knows it to be. */
  observeTold(conversationId: ConversationId, seq: number): void {
    this.#told.set(conversationId, seq);
  }

  /** Seqs mean other messages from now on, or nothing. */
  forget(conversationId: ConversationId): void {
    this.#reached.delete(conversationId);
    this.#told.delete(conversationId);
  }

  connected(): void {
    this.disconnected();
    this.#isOnline = true;
    void this.#run();
  }

  disconnected(): void {
    this.#isOnline = false;
    this.#period.abort();
    this.#period = new AbortController();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let reports = this.#due(); reports.length > 0; reports = this.#due()) {
      const replies = await this.#send(reports);
      for (const [index, report] of reports.entries()) this.#replied(report, replies[index]);
      const requestedMs = replies.map((reply) => (reply.ok ? 0 : requestedDelayMs(reply.retryAfterMs ?? 0)));
      await pause(Math.max(INTERVAL_MS, ...requestedMs), this.#period.signal);
    }
    this.#isRunning = false;
  }

  #due(): PositionReport[] {
    if (!this.#isOnline) return [];
    return [...this.#reached]
      .filter(([conversationId, seq]) => seq > (this.#told.get(conversationId) ?? 0))
      .slice(0, MAX_CURSORS)
      .map(([conversationId, seq]) => ({ conversationId, seq: seq as Seq }));
  }

  /** A refusal that does not pass counts as told: the next message brings the next report. */
  #replied({ conversationId, seq }: PositionReport, reply: DoneReply | Refused | undefined): void {
    const isDone = reply && (reply.ok || !reply.retryable);
    const isForgotten = (this.#reached.get(conversationId) ?? 0) < seq;
    if (isDone && !isForgotten) this.#told.set(conversationId, seq);
  }
}
