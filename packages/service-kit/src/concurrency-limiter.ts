type Queue = 'new' | 'started';

/**
 * Limits how many tasks run at the same time. The others wait in the order of their arrival: in a burst of thousands, each running
 * task finishes soon instead of all of them late, and the event loop serves other work in between.
 *
 * A task that continues something may wait in a queue of its own, `started`. A free slot goes to the two queues in turn, which keeps
 * either from starving the other. When one queue is empty, the other gets every slot.
 */
export class ConcurrencyLimiter {
  readonly #queues: Record<Queue, (() => void)[]> = { new: [], started: [] };
  #nextQueue: Queue = 'started';
  #freeSlots: number;

  /** @param limit how many tasks may run at the same time */
  constructor(limit: number) {
    this.#freeSlots = limit;
  }

  /** The number of tasks that wait for a slot. */
  get waiting(): number {
    return this.#queues.new.length + this.#queues.started.length;
  }

  /** Runs the task as soon as a slot is free and settles as it does. */
  async run<T>(task: () => Promise<T>, queue: Queue = 'new'): Promise<T> {
    if (this.#freeSlots > 0) this.#freeSlots -= 1;
    else await new Promise<void>((resolve) => this.#queues[queue].push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#takeNext();
      if (next) next();
      else this.#freeSlots += 1;
    }
  }

  #takeNext(): (() => void) | undefined {
    const queue = this.#queues[this.#nextQueue];
    this.#nextQueue = this.#nextQueue === 'new' ? 'started' : 'new';
    return queue.shift() ?? this.#queues[this.#nextQueue].shift();
  }
}
