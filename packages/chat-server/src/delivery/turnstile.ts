/**
 * Lets so many pieces of work run at once; the others wait in the order of their coming. When thousands come together each of those
 * that run is soon done, instead of all of them late, and the event loop gets to others in between.
 *
 * What goes on with something that has begun may wait in a line of its own. The two are served in turn: who is halfway does not wait
 * behind a thousand that come, and nobody is kept out by those who are in.
 */
export class Turnstile {
  readonly #lines = { new: [] as (() => void)[], begun: [] as (() => void)[] };
  #turn: 'new' | 'begun' = 'begun';
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** How many pieces of work wait. */
  get waiting(): number {
    return this.#lines.new.length + this.#lines.begun.length;
  }

  async pass<T>(work: () => Promise<T>, line: 'new' | 'begun' = 'new'): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#lines[line].push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next) next();
      else this.#free += 1;
    }
  }

  #next(): (() => void) | undefined {
    const line = this.#lines[this.#turn];
    this.#turn = this.#turn === 'new' ? 'begun' : 'new';
    return line.shift() ?? this.#lines[this.#turn].shift();
  }
}
