import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { Cluster } from 'ioredis';
import type { PartitionKeys } from './partition-keys.ts';

// For a Redis near its memory limit only: each function examines all keys of Redis.

const TRIM_RECENT = loadScript(new URL('./scripts/trim-recent.lua', import.meta.url), 2);

/** Keys that one SCAN examines. It blocks Redis for less than a millisecond. */
const SCAN_COUNT = 1_000;

/**
 * Trims every recent window of a partition to the messages that are not stored.
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
  for await (const windows of scan(redis, prefix, signal)) {
    const counts = await Promise.all(
      windows.map((recent) => {
        const conversation = keys.conversation(recent.slice(prefix.length) as ConversationId);
        return runScript(redis, TRIM_RECENT, [conversation, recent], []) as Promise<number>;
      }),
    );
    removed += counts.reduce((sum, count) => sum + count, 0);
  }
  return removed;
}

/**
 * Deletes the dedupe entries of a partition whose messages are stored. The filters and the store recognise a repeat of those
 * (scripts/dedupe.lua).
 *
 * @returns the number of deleted entries
 */
export async function deleteStoredUses(
  redis: RedisConnection,
  keys: PartitionKeys,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for await (const uses of scan(redis, `${keys.log.slice(0, -'log'.length)}sent:`, signal)) {
    const messages = (await redis.mget(...uses)).map((use) => {
      const [conversationId = '', , seq] = use?.split(' ') ?? [];
      return { conversationId, seq: Number(seq) };
    });
    const storedSeqs = new Map(
      await Promise.all(
        [...new Set(messages.map(({ conversationId }) => conversationId))].map(
          async (id) => [id, await redis.hget(keys.conversation(id as ConversationId), 'stored')] as const,
        ),
      ),
    );
    // An unknown head has no offset, and the comparison is false.
    const stored = uses.filter((_, index) => {
      const { conversationId = '', seq = 0 } = messages[index] ?? {};
      return seq <= Number(storedSeqs.get(conversationId) ?? Number.NaN);
    });
    if (stored.length > 0) deleted += await redis.unlink(...stored);
  }
  return deleted;
}

/** Yields the keys with a prefix, some at a time, until the signal aborts. */
async function* scan(redis: RedisConnection, prefix: string, signal: AbortSignal): AsyncGenerator<string[]> {
  for (const server of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
    let cursor = '0';
    do {
      const [next, found] = await server.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
      if (found.length > 0) yield found;
      cursor = next;
    } while (cursor !== '0' && !signal.aborted);
  }
}
