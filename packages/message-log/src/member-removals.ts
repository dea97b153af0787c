import { randomUUID } from 'node:crypto';
import type { ConversationId, UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { PartitionKeys } from './partition-keys.ts';

const BEGIN_REMOVAL = loadScript(new URL('./scripts/begin-removal.lua', import.meta.url), 2);
const END_REMOVALS = loadScript(new URL('./scripts/end-removals.lua', import.meta.url), 2);

/** Longer than a removal that waits for the store and for Redis, up to their deadlines. */
const ABANDONED_AFTER_MS = 60_000;

/** Bounds the memory of records that nobody ends. */
const RECORD_TTL_MS = 24 * 60 * 60 * 1_000;

/** @returns the id of the removal */
export async function beginRemoval(
  redis: RedisConnection,
  keys: PartitionKeys,
  conversationId: ConversationId,
  userId: UserId,
): Promise<string> {
  const removalId = randomUUID();
  const scriptKeys = [keys.conversation(conversationId), keys.removals(conversationId)];
  await runScript(redis, BEGIN_REMOVAL, scriptKeys, [removalId, userId, randomUUID(), RECORD_TTL_MS]);
  return removalId;
}

export async function unfinishedRemovals(
  redis: RedisConnection,
  keys: PartitionKeys,
  conversationId: ConversationId,
  userId: UserId,
): Promise<string[]> {
  const records = Object.entries(await redis.hgetall(keys.removals(conversationId)));
  const userOf = (record: string) => record.slice(record.indexOf(' ') + 1);
  return records.filter(([, record]) => userOf(record) === userId).map(([removalId]) => removalId);
}

export async function changeMembersVersion(
  redis: RedisConnection,
  keys: PartitionKeys,
  conversationId: ConversationId,
  endedRemovals: readonly string[],
): Promise<void> {
  const scriptKeys = [keys.conversation(conversationId), keys.removals(conversationId)];
  await runScript(redis, END_REMOVALS, scriptKeys, [randomUUID(), ABANDONED_AFTER_MS, ...endedRemovals]);
}
