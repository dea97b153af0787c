import type { ConversationRecord, Store } from '@parley/message-store';
import { type Conversation, type ConversationId, MAX_GROUP_MEMBERS } from '@parley/protocol';
import { toUser } from '../accounts/accounts.ts';

/** Reads the head of each conversation, in the order requested. */
export type HeadReader = (ids: readonly ConversationId[]) => Promise<readonly { headSeq: number }[]>;

/**
 * Returns conversations as their members see them, in the order given. Channels do not list their members.
 *
 * @param readHeads may return nothing for new conversations
 */
export async function describeConversations(
  store: Store,
  records: readonly ConversationRecord[],
  readHeads: HeadReader,
): Promise<Conversation[]> {
  const memberIds = await Promise.all(
    records.map((record) =>
      record.kind === 'channel' ? [] : store.conversations.members(record.id, MAX_GROUP_MEMBERS),
    ),
  );
  const allIds = [...new Set(memberIds.flat())];
  const [users, heads] = await Promise.all([
    allIds.length === 0 ? [] : store.users.findMany(allIds),
    readHeads(records.map((record) => record.id)),
  ]);
  const userById = new Map(users.map((user) => [user.id, toUser(user)]));
  return records.map((record, index) => ({
    id: record.id,
    kind: record.kind,
    title: record.title ?? null,
    createdAt: new Date(record.createdAtMs).toISOString(),
    createdBy: record.createdBy,
    members: (memberIds[index] ?? []).flatMap((id) => userById.get(id) ?? []),
    headSeq: heads[index]?.headSeq ?? 0,
  }));
}
