import type { Message } from '@parley/protocol';

/** How many messages wait for an earlier one; what comes on top of that is fetched with the gap. */
const MAX_HELD = 1_000;

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/**
 * The messages of one conversation that are known here: always one run without a gap or a repeat, in `seq` order, whatever
 * order they come in. It begins empty at a known head; live messages lengthen it at the end, pages of history at the
 * front. What comes before its predecessor is held back until that one is there.
 */
export class ConversationLog {
  /** Grows in place: a copy is made only for those who look, once after each change. */
  #messages: Message[] = [];
  #snapshot: readonly Message[] | undefined;
  /** seq of the first message of the run; where it is empty, of the one that would be. */
  #firstSeq: number;
  #headSeq: number;
  readonly #held = new Map<number, Message>();

  /** @param headSeq where the run begins: newer messages will be appended, older ones prepended */
  constructor(headSeq: number) {
    this.#firstSeq = headSeq + 1;
    this.#headSeq = headSeq;
  }

  /** The run, oldest first: a new array after each change. */
  get messages(): readonly Message[] {
    this.#snapshot ??= this.#messages.slice();
    return this.#snapshot;
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  /** seq of the newest message of the run; one below `firstSeq` where it is empty. */
  get lastSeq(): number {
    return this.#firstSeq + this.#messages.length - 1;
  }

  /** The newest seq that anything has told of. */
  get headSeq(): number {
    return this.#headSeq;
  }

  /** Whether there are newer messages than the run has; everything after `lastSeq` is to be fetched. */
  get hasGap(): boolean {
    return this.#headSeq > this.lastSeq;
  }

  /** Learns that the conversation reaches at least to this seq. */
  observeHead(headSeq: number): void {
    this.#headSeq = Math.max(this.#headSeq, headSeq);
  }

  /** Whether one of these is another message than the one that the run has at its seq: the run no longer holds. */
  conflictsWith(messages: readonly Message[]): boolean {
    return messages.some(({ id, seq }) => (this.#messages[seq - this.#firstSeq]?.id ?? id) !== id);
  }

  /** Takes in newer messages in any order, repeats among them; gives those that the run has gained. */
  add(messages: readonly Message[]): readonly Message[] {
    for (const message of messages) {
      this.observeHead(message.seq);
      if (message.seq > this.lastSeq) this.#held.set(message.seq, message);
    }
    const gained: Message[] = [];
    let next = this.#held.get(this.lastSeq + 1);
    while (next) {
      this.#held.delete(next.seq);
      gained.push(next);
      this.#messages.push(next);
      next = this.#held.get(next.seq + 1);
    }
    if (gained.length > 0) this.#snapshot = undefined;
    this.#boundHeld();
    return gained;
  }

  /**
   * Puts a page of older messages before the run.
   *
   * @returns false when the page does not reach the run without a gap; nothing has changed then
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
