/** What a clock elsewhere shows, by what it last showed. */
export class RemoteClock {
  #aheadMs: number | undefined;

  get isSet(): boolean {
    return this.#aheadMs !== undefined;
  }

  /** Unix milliseconds, whole; behind rather than ahead, by the time that the last reading took to get here. */
  get nowMs(): number {
    return Math.floor(performance.now() + (this.#aheadMs ?? 0));
  }

  /** @param nowMs what it showed when it was read, Unix milliseconds */
  set(nowMs: number): void {
    this.#aheadMs = nowMs - performance.now();
  }
}
