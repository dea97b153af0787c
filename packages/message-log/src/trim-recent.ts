import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { Cluster } from 'ioredis';
import type { PartitionKeys } from './partition-keys.ts';

const TRIM_RECENT = loadScript(new URL('./scripts/trim-recent.lua', import.meta.url), 2);

/** Keys that one SCAN examines. It blocks Redis for less than a millisecond. */
const SCAN_COUNT = 1_000;

/**
 * Trims every recent window of a partition to the messages that are not stored. It examines all keys of Redis, so it is for a Redis
 * near its memory limit only.
 *
 * @returns the number of removed messages
 */
export async function trimRecentWindows(
  redis: RedisConnection,
  keys: PartitionKeys,
  signal: AbortSignal,
): Promise<number> {
  const prefix = keys.recent('' as ConversationId);
  let removed = 0;
  for (const server of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
    let cursor = '0';
    do {
      const [next, found] = await server.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
      const counts = await Promise.all(
        found.map((recent) => {
          const conversation = keys.conversation(recent.slice(prefix.length) as ConversationId);
          return runScript(redis, TRIM_RECENT, [conversation, recent], []) as Promise<number>;
        }),
      );
      removed += counts.reduce((sum, count) => sum + count, 0);
      cursor = next;
    } while (cursor !== '0' && !signal.aborted);
  }
  return removed;
}
