import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { StoredMark } from './message-consumer.ts';
import { type PartitionKeys, WORKERS } from './partition-keys.ts';

const script = loadScript(new URL('./scripts/settle.lua', import.meta.url), 6);

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
 * @returns the stored mark of each conversation that Redis has
 */
export async function endEntries(
  redis: RedisConnection,
  keys: PartitionKeys,
  keepRecent: number,
  entries: readonly EndedEntry[],
): Promise<StoredMark[]> {
  const endSome = async (conversationId: ConversationId | '', some: readonly EndedEntry[]) => {
    const id = conversationId as ConversationId;
    const { log, dead } = keys;
    const scriptKeys = [log, keys.conversation(id), keys.done(id), keys.recent(id), dead, keys.deletions(id)];
    const triples = some.flatMap(({ entryId, seq, reason }) => [entryId, seq, reason]);
    return (await runScript(redis, script, scriptKeys, [WORKERS, keepRecent, ...triples])) as [
      storedSeq: number,
      epoch: string,
    ];
  };
  const byConversation = Map.groupBy(entries, (entry) => entry.conversationId);
  const marks = await Promise.all(
    [...byConversation].map(async ([conversationId, group]) => {
      const inOrder = group.sort((a, b) => a.seq - b.seq);
      const replies = await Promise.all(chunksOf(inOrder).map((some) => endSome(conversationId, some)));
      const [storedSeq = -1, epoch = ''] = replies.at(-1) ?? [];
      return { conversationId, storedSeq, epoch };
    }),
  );
  return marks.filter((mark): mark is StoredMark => mark.conversationId !== '' && mark.storedSeq >= 0);
}

export const chunksOf = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / MAX_ENTRIES_PER_CALL) }, (_, index) =>
    items.slice(index * MAX_ENTRIES_PER_CALL, (index + 1) * MAX_ENTRIES_PER_CALL),
  );
