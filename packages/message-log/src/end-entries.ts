import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { type PartitionKeys, WORKERS } from './partition-keys.ts';

const script = loadScript(new URL('./scripts/end-entries.lua', import.meta.url), 5);

/** Lua can unpack some thousands of values at once; so few also keep one call from holding up all others. */
const MAX_ENTRIES_PER_CALL = 500;

export interface EndedEntry {
  readonly entryId: string;
  /** What the entry says of itself; '' and 0 where it says nothing legible. */
  readonly conversationId: ConversationId | '';
  readonly seq: number;
  /** Why it is dead; '' = it is in the store. */
  readonly reason: string;
}

/**
 * Ends entries: one step per conversation, since a script's keys are those of one, and up to 500 entries; all in one round
 * trip.
 *
 * @returns each conversation's stored mark; below 0 = unseeded
 */
export async function endEntries(
  redis: RedisConnection,
  keys: PartitionKeys,
  keepRecent: number,
  entries: readonly EndedEntry[],
): Promise<{ conversationId: ConversationId | ''; storedSeq: number }[]> {
  const endSome = async (conversationId: ConversationId | '', some: readonly EndedEntry[]) => {
    const id = conversationId as ConversationId;
    const scriptKeys = [keys.log, keys.conversation(id), keys.done(id), keys.recent(id), keys.dead];
    const triples = some.flatMap(({ entryId, seq, reason }) => [entryId, seq, reason]);
    return (await runScript(redis, script, scriptKeys, [WORKERS, keepRecent, ...triples])) as number;
  };
  const byConversation = Map.groupBy(entries, (entry) => entry.conversationId);
  return Promise.all(
    [...byConversation].map(async ([conversationId, group]) => {
      const inOrder = group.sort((a, b) => a.seq - b.seq);
      const marks = await Promise.all(chunksOf(inOrder).map((some) => endSome(conversationId, some)));
      return { conversationId, storedSeq: Math.max(...marks) };
    }),
  );
}

export const chunksOf = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / MAX_ENTRIES_PER_CALL) }, (_, index) =>
    items.slice(index * MAX_ENTRIES_PER_CALL, (index + 1) * MAX_ENTRIES_PER_CALL),
  );
