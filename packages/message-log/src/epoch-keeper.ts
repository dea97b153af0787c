import { createHash, randomBytes } from 'node:crypto';
import {
  backoffMs,
  commandTimeoutOf,
  loadScript,
  pause,
  type RedisConnection,
  runScript,
  withDeadline,
} from '@parley/service-kit';
import { Cluster } from 'ioredis';
import type { PartitionKeys } from './partition-keys.ts';

const CHECK_EPOCH = loadScript(new URL('./scripts/check-epoch.lua', import.meta.url), 2);

export const newEpoch = (): string => randomBytes(9).toString('base64url');

/**
 * Checks the epoch after each connect, before the log sends anything else. Without it the log could append to a Redis that has
 * lost its newest writes and assign a seq twice (docs/decisions/0007-an-epoch-for-each-redis.md).
 *
 * A Redis that was restarted, failed over or emptied has another run id, or no epoch. The first process that connects to it
 * begins a new epoch. From then on the head of every conversation is unknown until it is compared with the store's.
 *
 * **Unchecked.** The initial state, and the state from the end of a connection until the check on the next one has succeeded.
 * `ensure` waits for the check, at most for the command timeout. A failed check is repeated with backoff while the connection is
 * open.
 *
 * **Checked.** `ensure` resolves at once. The check holds for the whole connection: Redis loses writes only when it restarts or
 * fails over, and both close the connection.
 */
export class EpochKeeper {
  readonly #redis: RedisConnection;
  readonly #partitions: readonly PartitionKeys[];
  #isChecked = false;
  #checked: Promise<void>;

  constructor(redis: RedisConnection, partitions: readonly PartitionKeys[]) {
    this.#redis = redis;
    this.#partitions = partitions;
    redis.on('ready', () => this.#restart());
    redis.on('close', () => {
      this.#isChecked = false;
      // Replaced at once: a call in the turn in which the next connection becomes ready must not pass on the old promise.
      this.#checked = Promise.reject(new Error('Connection is closed.'));
      this.#checked.catch(() => undefined);
    });
    this.#checked = this.#check();
  }

  /** Resolves when the epoch was checked on the current connection. */
  async ensure(): Promise<void> {
    if (!this.#isChecked) await withDeadline(this.#checked, commandTimeoutOf(this.#redis), 'checking the epoch');
  }

  #restart(): void {
    this.#isChecked = false;
    this.#checked = this.#check();
  }

  /** Retries until it succeeds or the connection is closed. Callers of `ensure` have their own deadline. */
  async #check(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        const runId = await this.#runId();
        await Promise.all(
          this.#partitions.map(({ runId: key, epoch }) =>
            runScript(this.#redis, CHECK_EPOCH, [key, epoch], [runId, newEpoch()]),
          ),
        );
        this.#isChecked = true;
        return;
      } catch {
        // The next `ready` starts another check.
        if (this.#redis.status !== 'ready') return;
        await pause(backoffMs(failures));
      }
    }
  }

  /** Returns a name for the Redis processes that hold the data. A failover or restart of any of them changes it. */
  async #runId(): Promise<string> {
    const servers = this.#redis instanceof Cluster ? this.#redis.nodes('master') : [this.#redis];
    const ids = await Promise.all(
      servers.map(async (server) => /^run_id:(\w+)/m.exec(await server.info('server'))?.[1] ?? ''),
    );
    return createHash('sha256').update(ids.sort().join(' ')).digest('base64url').slice(0, 22);
  }
}
