import type { Message } from '@parley/protocol';

/** Maximum number of messages held behind a gap. Messages beyond it are dropped and fetched again with the gap. */
const MAX_HELD = 1_000;

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/**
 * The loaded messages of one conversation: one contiguous run in `seq` order without gaps or duplicates, whatever the order
 * of arrival.
 *
 * ## Empty
 * The log starts at a known head. `firstSeq` is the seq that the next message will have.
 *
 * ## Contiguous
 * Live messages extend the run at the end, pages of history at the front. Messages that are already loaded are ignored.
 *
 * ## Gap
 * A message arrived before its predecessor, or a larger head was observed: `hasGap` is true. Messages behind the gap are
 * held until the missing ones arrive, which the owner must fetch.
 */
export class ConversationLog {
  /** Extended in place. `messages` copies it once after each change. */
  #messages: Message[] = [];
  #snapshot: readonly Message[] | undefined;

  #firstSeq: number;
  #headSeq: number;
  readonly #held = new Map<number, Message>();

  /** @param headSeq newer messages will be appended, older ones prepended */
  constructor(headSeq: number) {
    this.#firstSeq = headSeq + 1;
    this.#headSeq = headSeq;
  }

  /** The run, oldest first. A new array after each change. */
  get messages(): readonly Message[] {
    this.#snapshot ??= this.#messages.slice();
    return this.#snapshot;
  }

  /** seq of the first message; if the run is empty, the seq that the next message will have. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  /** seq of the last message; `firstSeq - 1` if the run is empty. */
  get lastSeq(): number {
    return this.#firstSeq + this.#messages.length - 1;
  }

  /** The newest seq that was observed anywhere. */
  get headSeq(): number {
    return this.#headSeq;
  }

  /** Whether messages after `lastSeq` exist that must be fetched. */
  get hasGap(): boolean {
    return this.#headSeq > this.lastSeq;
  }

  /** Records that the conversation has at least this head. */
  observeHead(headSeq: number): void {
    this.#headSeq = Math.max(this.#headSeq, headSeq);
  }

  /** Whether one of these messages has the seq of a loaded message but another id. Then the run is of an earlier epoch. */
  conflictsWith(messages: readonly Message[]): boolean {
    return messages.some(({ id, seq }) => (this.#messages[seq - this.#firstSeq]?.id ?? id) !== id);
  }

  /** Adds newer messages, in any order and with duplicates. @returns the messages that were appended to the run */
  add(messages: readonly Message[]): readonly Message[] {
    for (const message of messages) {
      this.observeHead(message.seq);
      if (message.seq > this.lastSeq) this.#held.set(message.seq, message);
    }
    const appended: Message[] = [];
    let next = this.#held.get(this.lastSeq + 1);
    while (next) {
      this.#held.delete(next.seq);
      appended.push(next);
      this.#messages.push(next);
      next = this.#held.get(next.seq + 1);
    }
    if (appended.length > 0) this.#snapshot = undefined;
    this.#boundHeld();
    return appended;
  }

  /**
   * Prepends a page of older messages.
   *
   * @returns false if the page does not join the run without a gap; the log is then unchanged
   */
  prepend(page: readonly Message[]): boolean {
    const older = page.filter((message) => message.seq < this.#firstSeq).sort(bySeq);
    const startSeq = this.#firstSeq - older.length;
    if (older.some((message, index) => message.seq !== startSeq + index)) return false;
    this.#messages = older.concat(this.#messages);
    this.#snapshot = undefined;
    this.#firstSeq = startSeq;
    return true;
  }

  #boundHeld(): void {
    if (this.#held.size <= MAX_HELD) return;
    const newestFirst = [...this.#held.keys()].sort((a, b) => b - a);
    for (const seq of newestFirst.slice(0, this.#held.size - MAX_HELD)) this.#held.delete(seq);
  }
}
