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

const KEEP_EPOCH = loadScript(new URL('./scripts/check-epoch.lua', import.meta.url), 2);

export const newEpoch = (): string => randomBytes(9).toString('base64url');

/**
 * Sees to it that nothing is read or accepted on a Redis that may have lost its newest writes, before the epoch says so.
 *
 * A Redis that was restarted, failed over or emptied has another run id, or no epoch. The first process that connects to it
 * begins a new epoch; from then on every conversation of an older one counts as unseeded, and its head is compared with
 * the store's before the next message gets a seq. It is checked after each connect, before anything else is sent.
 */
export class EpochKeeper {
  readonly #redis: RedisConnection;
  readonly #partitions: readonly PartitionKeys[];
  #isKept = false;
  #kept: Promise<void>;

  constructor(redis: RedisConnection, partitions: readonly PartitionKeys[]) {
    this.#redis = redis;
    this.#partitions = partitions;
    redis.on('ready', () => this.#check());
    redis.on('close', () => {
      this.#isKept = false;
      // Not the last connection's promise: a call in the turn in which the next one gets ready would go out before the check.
      this.#kept = Promise.reject(new Error('Connection is closed.'));
      this.#kept.catch(() => undefined);
    });
    this.#kept = this.#keep();
  }

  /** Resolves when the epoch is right for this connection; at once while it is known to be. */
  async ensure(): Promise<void> {
    if (!this.#isKept) await withDeadline(this.#kept, commandTimeoutOf(this.#redis), 'checking the epoch');
  }

  #check(): void {
    this.#isKept = false;
    this.#kept = this.#keep();
  }

  /** Tries until it succeeded or the connection is gone; what waits for it has a deadline of its own. */
  async #keep(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        const runId = await this.#runId();
        await Promise.all(
          this.#partitions.map(({ runId: key, epoch }) =>
            runScript(this.#redis, KEEP_EPOCH, [key, epoch], [runId, newEpoch()]),
          ),
        );
        this.#isKept = true;
        return;
      } catch {
        // Without a connection the next `ready` begins anew.
        if (this.#redis.status !== 'ready') return;
        await pause(backoffMs(failures));
      }
    }
  }

  /** Names the Redis processes that hold the data; a failover or restart of any of them changes it. */
  async #runId(): Promise<string> {
    const servers = this.#redis instanceof Cluster ? this.#redis.nodes('master') : [this.#redis];
    const ids = await Promise.all(
      servers.map(async (server) => /^run_id:(\w+)/m.exec(await server.info('server'))?.[1] ?? ''),
    );
    return createHash('sha256').update(ids.sort().join(' ')).digest('base64url').slice(0, 22);
  }
}
