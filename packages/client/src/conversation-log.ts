import type { Message } from '@parley/protocol';
import { SYSTEM_ID } from '@parley/protocol/constants';

/** Maximum number of messages held behind a gap. Messages beyond it are dropped and fetched again with the gap. */
const MAX_HELD = 1_000;

/** Maximum number of positions that are marked as missing at once. */
const MAX_MISSING = 1_000;

/** A range of positions, including both ends. */
export interface SeqRange {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** The changes of the run by one call of `ConversationLog.add`. */
export interface AddedMessages {
  /** The messages that extended the run at the end. */
  readonly appended: readonly Message[];
  /** Messages of holes, which replaced their placeholders. */
  readonly found: readonly Message[];
}

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
 * `dropFirst` removes the oldest messages, which a page of history can bring back.
 *
 * ## Gap
 * A message arrived before its predecessor, or a larger head was observed: `hasGap` is true. Messages behind the gap are
 * held until the missing ones arrive, which the owner must fetch.
 *
 * ## Hole
 * The cluster does not return the messages of a range although it returns those behind it. `skipGap`, and a page of history
 * with such a range, put placeholders at these positions, so the run stays contiguous. `holes` lists the ranges. A message
 * that arrives later replaces its placeholder.
 */
export class ConversationLog {
  /** Extended in place. `messages` copies it once after each change. */
  #messages: Message[] = [];
  #snapshot: readonly Message[] | undefined;

  #firstSeq: number;
  #headSeq: number;
  readonly #held = new Map<number, Message>();
  /** The positions with a placeholder of this log. */
  readonly #missing = new Set<number>();
  #holes: readonly SeqRange[] = [];

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

  /** Number of messages in the run. */
  get size(): number {
    return this.#messages.length;
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

  /** The positions in the run that have a placeholder, oldest first. The same array until they change. */
  get holes(): readonly SeqRange[] {
    return this.#holes;
  }

  /** Whether the message at this position is in a hole. */
  isMissing(seq: number): boolean {
    return this.#missing.has(seq);
  }

  /** Returns the loaded message at this position. */
  at(seq: number): Message | undefined {
    return this.#messages[seq - this.#firstSeq];
  }

  /** Records that the conversation has at least this head. */
  observeHead(headSeq: number): void {
    this.#headSeq = Math.max(this.#headSeq, headSeq);
  }

  /** Whether one of these messages has the seq of a loaded message but another id. Then the run is of an earlier epoch. */
  conflictsWith(messages: readonly Message[]): boolean {
    return messages.some(({ id, seq }) => !this.#missing.has(seq) && (this.at(seq)?.id ?? id) !== id);
  }

  /** Adds newer messages and messages of holes, in any order and with duplicates. */
  add(messages: readonly Message[]): AddedMessages {
    const found: Message[] = [];
    for (const message of messages) {
      this.observeHead(message.seq);
      if (message.seq > this.lastSeq) this.#held.set(message.seq, message);
      else if (this.#missing.delete(message.seq)) {
        this.#messages[message.seq - this.#firstSeq] = message;
        found.push(message);
      }
    }
    if (found.length > 0) this.#missingChanged();
    const appended = this.#appendHeld();
    this.#boundHeld();
    return { appended, found };
  }

  /**
   * Gives up waiting for the messages of the gap, if messages behind it are held. A gap of up to `MAX_MISSING` positions
   * becomes a hole. Before a larger one the run is dropped and starts again behind it; pages of history bring the rest.
   *
   * @returns the messages that were appended, without placeholders; undefined if none is held
   */
  skipGap(): readonly Message[] | undefined {
    if (this.#held.size === 0) return undefined;
    const endSeq = Math.min(...this.#held.keys());
    const { createdAt } = this.#held.get(endSeq) as Message;
    if (endSeq - this.lastSeq - 1 > MAX_MISSING) this.#restartAt(endSeq);
    for (let seq = this.lastSeq + 1; seq < endSeq; seq += 1) {
      this.#messages.push(placeholder(seq, createdAt));
      this.#missing.add(seq);
    }
    this.#missingChanged();
    return this.#appendHeld();
  }

  /**
   * Prepends a page of older messages. Positions that the page leaves out become holes, at most `MAX_MISSING` of them; the rest of
   * the page is then ignored.
   *
   * @returns the messages that were prepended, oldest first, without placeholders
   */
  prepend(page: readonly Message[]): readonly Message[] {
    const newestFirst: Message[] = [];
    const older: Message[] = [];
    const endSeq = this.#firstSeq;
    let missing = 0;
    for (const message of page.toSorted(bySeq).reverse()) {
      for (; message.seq < this.#firstSeq - 1 && missing < MAX_MISSING; missing += 1) {
        this.#firstSeq -= 1;
        this.#missing.add(this.#firstSeq);
        newestFirst.push(placeholder(this.#firstSeq, message.createdAt));
      }
      if (message.seq !== this.#firstSeq - 1) continue;
      this.#firstSeq -= 1;
      newestFirst.push(message);
      older.push(message);
    }
    if (this.#firstSeq === endSeq) return [];
    this.#messages = newestFirst.reverse().concat(this.#messages);
    this.#snapshot = undefined;
    if (missing > 0) this.#missingChanged();
    return older.reverse();
  }

  /** Removes the oldest messages. @returns the removed messages */
  dropFirst(count: number): readonly Message[] {
    const dropped = this.#messages.splice(0, count);
    this.#firstSeq += dropped.length;
    this.#snapshot = undefined;
    let wasMissing = false;
    for (const { seq } of dropped) wasMissing = this.#missing.delete(seq) || wasMissing;
    if (wasMissing) this.#missingChanged();
    return dropped;
  }

  #appendHeld(): readonly Message[] {
    const appended: Message[] = [];
    let next = this.#held.get(this.lastSeq + 1);
    while (next) {
      this.#held.delete(next.seq);
      appended.push(next);
      this.#messages.push(next);
      next = this.#held.get(next.seq + 1);
    }
    if (appended.length > 0) this.#snapshot = undefined;
    return appended;
  }

  #restartAt(firstSeq: number): void {
    this.#messages = [];
    this.#firstSeq = firstSeq;
    this.#missing.clear();
  }

  #missingChanged(): void {
    this.#snapshot = undefined;
    this.#holes = rangesOf([...this.#missing].sort((a, b) => a - b));
  }

  #boundHeld(): void {
    if (this.#held.size <= MAX_HELD) return;
    const newestFirst = [...this.#held.keys()].sort((a, b) => b - a);
    for (const seq of newestFirst.slice(0, this.#held.size - MAX_HELD)) this.#held.delete(seq);
  }
}

/** Stands for a message that could not be loaded. It has the form of the placeholders of the cluster. */
const placeholder = (seq: number, createdAt: string) =>
  ({
    id: `missing-${seq}`,
    seq,
    senderId: SYSTEM_ID,
    clientMessageId: `missing-${seq}`,
    kind: 'system',
    createdAt,
  }) as Message;

/** @param seqs ascending */
function rangesOf(seqs: readonly number[]): SeqRange[] {
  const ranges: SeqRange[] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last && last.lastSeq === seq - 1) ranges[ranges.length - 1] = { ...last, lastSeq: seq };
    else ranges.push({ firstSeq: seq, lastSeq: seq });
  }
  return ranges;
}
