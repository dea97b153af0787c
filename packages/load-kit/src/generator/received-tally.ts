/** Exactly what one client received of numbered streams: loss, repeats and order, at the price of one look-up a packet. */
export class ReceivedTally {
  received = 0;
  repeated = 0;
  /** Arrived after a message with a higher number. */
  late = 0;
  /** The number that comes next; above it nothing was seen. */
  readonly #next = new Map<number, number>();
  /** Up to here nothing counts: it was there before this client was. */
  readonly #base = new Map<number, number>();
  /** Below `next`, not seen. */
  readonly #missing = new Map<number, Set<number>>();

  /** Takes the messages `first` to `last` of a stream, which came in this order. @returns whether one before is missing */
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

  /** A client that knew nothing of a stream begins after `head`; one that comes back goes on where it was. */
  begin(stream: number, head: number): void {
    if (this.#next.has(stream)) return;
    this.#base.set(stream, head);
    this.#next.set(stream, head + 1);
  }

  /** Takes a message that was asked for: it closes a gap, and one that came live as well is no repeat. */
  fill(stream: number, number: number): void {
    if (this.#missing.get(stream)?.delete(number)) this.received += 1;
    else if (number >= this.nextOf(stream)) this.take(stream, number, number);
  }

  /** The number after the highest one seen. */
  nextOf(stream: number): number {
    return this.#next.get(stream) ?? 1;
  }

  /** All up to this number was received. */
  completeUpTo(stream: number): number {
    let lowest = this.nextOf(stream);
    for (const number of this.#missing.get(stream) ?? []) lowest = Math.min(lowest, number);
    return lowest - 1;
  }

  /** How many up to `head` were not received. */
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
