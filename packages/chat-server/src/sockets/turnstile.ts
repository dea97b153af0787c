/**
 * Lets so many pieces of work run at once; the others wait in the order of their coming. When thousands come together each of those
 * that run is soon done, instead of all of them late, and the event loop gets to others in between.
 */
export class Turnstile {
  readonly #first: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** How many pieces of work wait. */
  get waiting(): number {
    return this.#first.length + this.#waiting.length;
  }

  /** @param options.first before all that waits without it */
  async pass<T>(work: () => Promise<T>, { first = false } = {}): Promise<T> {
    const line = first ? this.#first : this.#waiting;
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#first.shift() ?? this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
