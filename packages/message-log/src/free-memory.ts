import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { PartitionKeys } from './partition-keys.ts';
import { scanKeys } from './scan-keys.ts';

// For a Redis near its memory limit only: each function examines all keys of Redis.

const TRIM_RECENT = loadScript(new URL('./scripts/trim-recent.lua', import.meta.url), 2);

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
  for await (const windows of scanKeys(redis, prefix, signal)) {
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
  for await (const uses of scanKeys(redis, `${keys.prefix}sent:`, signal)) {
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
