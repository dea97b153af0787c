export interface FairLimiterOptions {
  /** The cost of all tasks that run at the same time. */
  readonly limit: number;
  /** The cost of one key's tasks that run at the same time. */
  readonly limitPerKey: number;
  /** The tasks that wait. */
  readonly maxWaiting: number;
  /** The tasks of one key that wait. */
  readonly maxWaitingPerKey: number;
  /** The longest time for which a task waits. */
  readonly maxWaitMs: number;
  /** The time after which a refused caller may try again. */
  readonly retryAfterMs: number;
  /** Called for each task that is not run. */
  readonly onRefused?: ((reason: LimitReason) => void) | undefined;
}

/**
 * Why a task was not run:
 *
 * - `share`: as many tasks of its key were waiting as one key may have.
 * - `full`: too many tasks of all keys were waiting.
 * - `late`: it waited for too long.
 */
export type LimitReason = 'share' | 'full' | 'late';

/** A task that a {@link FairLimiter} did not run. It has had no effect. */
export class LimitExceeded extends Error {
  override readonly name = 'LimitExceeded';
  readonly reason: LimitReason;
  readonly retryAfterMs: number;

  constructor(reason: LimitReason, retryAfterMs: number) {
    super(`too many tasks are waiting (${reason})`);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

interface Waiting {
  readonly cost: number;
  readonly start: () => void;
  readonly refuse: (reason: LimitReason) => void;
}

/**
 * Limits the cost of tasks that run at the same time, and shares it between keys: users, addresses. Each key has a first-in, first-out
 * queue, and free capacity goes to the queues in turn. A key with many tasks therefore delays mainly itself.
 *
 * Everything is bounded. When too many tasks wait, a new one takes the place of the last task of the longest queue, unless its own
 * queue is the longest. A task never waits for longer than `maxWaitMs`.
 */
export class FairLimiter {
  readonly #options: FairLimiterOptions;
  /** By key, in the order of their turns. No queue is empty. */
  readonly #queues = new Map<string, Waiting[]>();
  /** The cost of the running tasks by key. */
  readonly #runningOf = new Map<string, number>();
  #running = 0;
  #waiting = 0;
  /** A task waits because it needs more than is free. Until the next one ends, no other overtakes it. */
  #isBlocked = false;

  constructor(options: FairLimiterOptions) {
    this.#options = options;
  }

  /** The number of tasks that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a task of the key waits. */
  isWaiting(key: string): boolean {
    return this.#queues.has(key);
  }

  /**
   * Runs the task when there is room for it, and settles as it does.
   *
   * @param cost a cost above the limit of a key counts as that limit
   * @throws LimitExceeded
   */
  async run<T>(key: string, task: () => Promise<T>, cost = 1): Promise<T> {
    const bounded = Math.min(cost, this.#options.limitPerKey, this.#options.limit);
    const isNext = !this.#isBlocked && !this.#queues.has(key) && this.#fits(key, bounded);
    if (isNext) this.#take(key, bounded);
    else await this.#wait(key, bounded);
    try {
      return await task();
    } finally {
      this.#release(key, bounded);
    }
  }

  #wait(key: string, cost: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { maxWaitMs, retryAfterMs, onRefused } = this.#options;
    const refusal = this.#makeRoom(key);
    if (refusal) {
      onRefused?.(refusal);
      return Promise.reject(new LimitExceeded(refusal, retryAfterMs));
    }
    const timer = setTimeout(() => {
      this.#remove(key, waiting);
      waiting.refuse('late');
      this.#startWaiting();
    }, maxWaitMs).unref();
    const waiting: Waiting = {
      cost,
      start() {
        clearTimeout(timer);
        resolve();
      },
      refuse(reason) {
        clearTimeout(timer);
        onRefused?.(reason);
        reject(new LimitExceeded(reason, retryAfterMs));
      },
    };
    const queue = this.#queues.get(key);
    if (queue) queue.push(waiting);
    else this.#queues.set(key, [waiting]);
    this.#waiting += 1;
    this.#isBlocked ||= this.#running + cost > this.#options.limit;
    return promise;
  }

  /** @returns the reason if there is no room for another waiting task of the key */
  #makeRoom(key: string): LimitReason | undefined {
    const { maxWaiting, maxWaitingPerKey } = this.#options;
    const own = this.#queues.get(key)?.length ?? 0;
    if (own >= maxWaitingPerKey) return 'share';
    if (this.#waiting < maxWaiting) return undefined;
    let longest: { key: string; queue: Waiting[] } | undefined;
    for (const [other, queue] of this.#queues) {
      if (queue.length > (longest?.queue.length ?? own + 1)) longest = { key: other, queue };
    }
    const displaced = longest?.queue.at(-1);
    if (!longest || !displaced) return 'full';
    this.#remove(longest.key, displaced);
    displaced.refuse('share');
    return undefined;
  }

  #remove(key: string, waiting: Waiting): void {
    const queue = this.#queues.get(key);
    const index = queue?.indexOf(waiting) ?? -1;
    if (!queue || index < 0) return;
    queue.splice(index, 1);
    this.#waiting -= 1;
    if (queue.length === 0) this.#queues.delete(key);
  }

  /** Starts waiting tasks, one for each key in turn. */
  #startWaiting(): void {
    this.#isBlocked = false;
    for (const [key, queue] of this.#queues) {
      const next = queue[0];
      if (!next || !this.#hasShare(key, next.cost)) continue;
      this.#isBlocked = this.#running + next.cost > this.#options.limit;
      if (this.#isBlocked) return;
      this.#take(key, next.cost);
      this.#waiting -= 1;
      queue.shift();
      // At the end of the map, where this loop finds it again in its next turn.
      this.#queues.delete(key);
      if (queue.length > 0) this.#queues.set(key, queue);
      next.start();
    }
  }

  #fits(key: string, cost: number): boolean {
    return this.#running + cost <= this.#options.limit && this.#hasShare(key, cost);
  }

  /** Whether the key may run a task of this cost, if there is room for it. */
  #hasShare(key: string, cost: number): boolean {
    return (this.#runningOf.get(key) ?? 0) + cost <= this.#options.limitPerKey;
  }

  #take(key: string, cost: number): void {
    this.#running += cost;
    this.#runningOf.set(key, (this.#runningOf.get(key) ?? 0) + cost);
  }

  #release(key: string, cost: number): void {
    this.#running -= cost;
    const left = (this.#runningOf.get(key) ?? 0) - cost;
    if (left > 0) this.#runningOf.set(key, left);
    else this.#runningOf.delete(key);
    this.#startWaiting();
  }
}
