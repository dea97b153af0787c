/** Counts which messages of numbered streams a client received: loss, repeats and order, with one look-up per packet. */
export class ReceivedTally {
  received = 0;
  repeated = 0;
  /** Messages that arrived after one with a higher number. */
  late = 0;
  /** The number after the highest received one. */
  readonly #next = new Map<number, number>();
  /** Messages up to this number are older than the client and are not counted. */
  readonly #base = new Map<number, number>();
  /** Numbers below `next` that were not received. */
  readonly #missing = new Map<number, Set<number>>();

  /** Counts the messages `first` to `last` of a stream, in this order. @returns whether an earlier message is missing */
  take(stream: number, first: number, last: number): boolean {
    const next = this.#next.get(stream) ?? 1;
    if (first === next) {
      this.received += last - first + 1;
      this.#next.set(stream, last + 1);
      return false;
    }
    for (let number = first; number <= last; number += 1) this.#takeOne(stream, number);
    return first > next;
  }

  /** Starts a stream after `head`. Does nothing for a known stream, which continues where it was. */
  begin(stream: number, head: number): void {
    if (this.#next.has(stream)) return;
    this.#base.set(stream, head);
    this.#next.set(stream, head + 1);
  }

  /** Counts a message of a page. It can fill a gap, and a message that also arrived live is not a repeat. */
  fill(stream: number, number: number): void {
    if (this.#missing.get(stream)?.delete(number)) this.received += 1;
    else if (number >= this.nextOf(stream)) this.take(stream, number, number);
  }

  /** The number after the highest one seen. */
  nextOf(stream: number): number {
    return this.#next.get(stream) ?? 1;
  }

  /** Returns the highest number up to which every message was received. */
  completeUpTo(stream: number): number {
    let lowest = this.nextOf(stream);
    for (const number of this.#missing.get(stream) ?? []) lowest = Math.min(lowest, number);
    return lowest - 1;
  }

  /** Returns the number of messages up to `head` that were not received. */
  lostUpTo(stream: number, head: number): number {
    return Math.max(0, head + 1 - this.nextOf(stream)) + (this.#missing.get(stream)?.size ?? 0);
  }

  #takeOne(stream: number, number: number): void {
    if (number <= (this.#base.get(stream) ?? 0)) return;
    this.received += 1;
    const next = this.nextOf(stream);
    if (number >= next) {
      const missing = this.#missing.get(stream) ?? new Set();
      for (let between = next; between < number; between += 1) missing.add(between);
      this.#missing.set(stream, missing);
      this.#next.set(stream, number + 1);
    } else if (this.#missing.get(stream)?.delete(number)) this.late += 1;
    else {
      this.received -= 1;
      this.repeated += 1;
    }
  }
}
