type Queue = 'new' | 'started';

/**
 * Limits how many tasks run at the same time: each running task holds a permit, and the others wait. In a burst of thousands,
 * each running task finishes soon instead of all of them late, and the event loop serves other work in between.
 *
 * There are two first-in, first-out queues: `new` tasks, and `started` ones that continue earlier work. Free permits alternate
 * between the two, so neither starves the other. While one queue is empty, the other gets every permit.
 */
export class ConcurrencyLimiter {
  readonly #queues: Record<Queue, (() => void)[]> = { new: [], started: [] };
  #nextQueue: Queue = 'started';
  #freePermits: number;

  /** @param limit how many tasks may run at the same time */
  constructor(limit: number) {
    this.#freePermits = limit;
  }

  /** The number of tasks that wait for a permit. */
  get waiting(): number {
    return this.#queues.new.length + this.#queues.started.length;
  }

  /** Runs the task as soon as a permit is free and settles as it does. */
  async run<T>(task: () => Promise<T>, queue: Queue = 'new'): Promise<T> {
    if (this.#freePermits > 0) this.#freePermits -= 1;
    else await new Promise<void>((resolve) => this.#queues[queue].push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#takeNext();
      if (next) next();
      else this.#freePermits += 1;
    }
  }

  #takeNext(): (() => void) | undefined {
    const queue = this.#queues[this.#nextQueue];
    this.#nextQueue = this.#nextQueue === 'new' ? 'started' : 'new';
    return queue.shift() ?? this.#queues[this.#nextQueue].shift();
  }
}
