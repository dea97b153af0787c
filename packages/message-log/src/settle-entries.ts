import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { chunksOf } from './chunks-of.ts';
import { ENTRY_FUNCTIONS, EXPIRY_FUNCTIONS, PLACES_FUNCTIONS } from './included-scripts.ts';
import type { CommittedOffset } from './message-consumer.ts';
import { type PartitionKeys, WORKERS } from './partition-keys.ts';

const SETTLE = loadScript(new URL('./scripts/settle.lua', import.meta.url), 9, [
  ...ENTRY_FUNCTIONS,
  ...EXPIRY_FUNCTIONS,
  ...PLACES_FUNCTIONS,
]);

/** Lua can unpack a few thousand values at once. A small call also blocks other commands for a shorter time. */
export const MAX_ENTRIES_PER_CALL = 500;

export interface SettledEntry {
  readonly entryId: string;
  /** The epoch in which it was appended; '' in an entry of an earlier release. */
  readonly epoch: string;
  /** As the entry says; '' and 0 when it cannot be parsed. */
  readonly conversationId: ConversationId | '';
  readonly seq: number;
  /** The user whose place it takes; '' = nobody's. Ignored where there is a reason: the script then reads the entry itself. */
  readonly holder: string;
  /** Why it goes to the dead letters; '' = its message is in the store. */
  readonly reason: string;
}

export interface SettleOptions {
  /** Number of stored messages that each conversation's recent window keeps. */
  readonly keepRecent: number;
  /** A conversation leaves Redis when all its messages are stored and it was idle for this long, ms. */
  readonly conversationIdleMs: number;
}

/**
 * Settles entries: one atomic step for each conversation and 500 entries, because a script has the keys of one conversation. All
 * steps share one round trip.
 *
 * @returns the committed offset of each conversation whose head is known
 */
export async function settleEntries(
  redis: RedisConnection,
  keys: PartitionKeys,
  { keepRecent, conversationIdleMs }: SettleOptions,
  entries: readonly SettledEntry[],
): Promise<CommittedOffset[]> {
  const settleChunk = async (conversationId: ConversationId | '', chunk: readonly SettledEntry[]) => {
    const id = conversationId as ConversationId;
    const { log, dead } = keys;
    const scriptKeys = [
      log,
      keys.conversation(id),
      keys.storedOutOfOrder(id),
      keys.recent(id),
      dead,
      keys.deletions(id),
      keys.epoch,
      keys.runId,
      keys.places,
    ];
    const args = [WORKERS, keepRecent, conversationIdleMs, conversationId];
    for (const { entryId, epoch, seq, holder, reason } of chunk) args.push(entryId, epoch, seq, holder, reason);
    return (await runScript(redis, SETTLE, scriptKeys, args)) as [storedSeq: number, epoch: string];
  };
  const byConversation = Map.groupBy(entries, (entry) => entry.conversationId);
  const offsets = await Promise.all(
    [...byConversation].map(async ([conversationId, group]) => {
      const inOrder = group.sort((a, b) => a.seq - b.seq);
      const replies = await Promise.all(
        chunksOf(inOrder, MAX_ENTRIES_PER_CALL).map((chunk) => settleChunk(conversationId, chunk)),
      );
      const [storedSeq = -1, epoch = ''] = replies.at(-1) ?? [];
      return { conversationId, storedSeq, epoch };
    }),
  );
  return offsets.filter((offset): offset is CommittedOffset => offset.conversationId !== '' && offset.storedSeq >= 0);
}
