import { type RedisConnection, serversOf } from './redis.ts';

/** How far below the threshold the use must fall before it no longer counts as near the limit, in percent of the limit. */
const HYSTERESIS_PERCENT = 5;

/** After this long below the threshold the use no longer counts as near the limit, however little it fell. */
const RELEASED_AFTER_MS = 10_000;

export interface RedisMemoryUsage {
  /** What Redis compares with its limit: buffers of replicas and of the append-only file do not count. */
  readonly usedBytes: number;
  /** `maxmemory`; 0 = none. */
  readonly limitBytes: number;
}

/**
 * How close Redis is to its memory limit. With `noeviction`, a full Redis refuses every command that adds data, so a caller that
 * adds unbounded data must stop earlier: {@link isNearLimit}.
 *
 * **Free.** The initial state. It ends when the use reaches the threshold, or when Redis refuses a command.
 *
 * **Near the limit.** It ends when a poll finds the use 5 % of the limit below the threshold, or when all polls of 10 s found it below
 * the threshold. The distance prevents that the state changes with every poll.
 *
 * Processes poll at different moments, so between the two limits one may be in the one state and others in the other:
 * {@link mayBeNearLimit}.
 */
export class RedisMemory {
  readonly #redis: RedisConnection;
  readonly #busyPercent: number;
  #usage: RedisMemoryUsage = { usedBytes: 0, limitBytes: 0 };
  #isNearLimit = false;
  /** `performance.now()` of the last poll at or above the threshold. */
  #reachedAt = Number.NEGATIVE_INFINITY;

  /** @param options.busyPercent the threshold, in percent of the limit */
  constructor(redis: RedisConnection, options: { busyPercent: number }) {
    this.#redis = redis;
    this.#busyPercent = options.busyPercent;
  }

  get isNearLimit(): boolean {
    return this.#isNearLimit;
  }

  /** Whether this or another process may be near the limit. Workers free memory while it is true. */
  get mayBeNearLimit(): boolean {
    return this.#isNearLimit || percentOf(this.#usage) >= this.#busyPercent - HYSTERESIS_PERCENT;
  }

  /** The last use that was polled; of a Cluster, that of the master which is closest to its limit. */
  get usage(): RedisMemoryUsage {
    return this.#usage;
  }

  /** Polls Redis. Rejects while it is unavailable; the state then stays as it was. */
  async poll(): Promise<void> {
    const usages = await Promise.all(
      serversOf(this.#redis).map(async (server) => parseMemory(await server.info('memory'))),
    );
    this.#usage = usages.reduce((a, b) => (percentOf(b) > percentOf(a) ? b : a), usages[0] ?? this.#usage);
    const percent = percentOf(this.#usage);
    const now = performance.now();
    if (percent >= this.#busyPercent) this.#reachedAt = now;
    const isReleased = percent < this.#busyPercent - HYSTERESIS_PERCENT || now - this.#reachedAt >= RELEASED_AFTER_MS;
    this.#isNearLimit = percent >= this.#busyPercent || (this.#isNearLimit && !isReleased);
  }

  /** Records that Redis refused a command because its memory is full. The next poll decides again. */
  commandRefused(): void {
    this.#isNearLimit = true;
  }
}

const percentOf = ({ usedBytes, limitBytes }: RedisMemoryUsage) =>
  limitBytes === 0 ? 0 : (100 * usedBytes) / limitBytes;

function parseMemory(info: string): RedisMemoryUsage {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { usedBytes: field('used_memory') - field('mem_not_counted_for_evict'), limitBytes: field('maxmemory') };
}
