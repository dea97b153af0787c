import type { ConversationRecord, ListedConversation, Store } from '@parley/message-store';
import { type Conversation, type ConversationId, MAX_GROUP_MEMBERS } from '@parley/protocol';
import { toUser } from '../accounts/accounts.ts';

/** Reads the head of each conversation, in the order requested. */
export type HeadReader = (ids: readonly ConversationId[]) => Promise<readonly { headSeq: number }[]>;

/**
 * Returns conversations as their members see them, in the order given, with one call of the store. Channels do not list their
 * members.
 *
 * @param readHeads may return nothing for new conversations
 */
export async function describeConversations(
  store: Store,
  listed: readonly Pick<ListedConversation, 'conversation' | 'memberIds'>[],
  readHeads: HeadReader,
): Promise<Conversation[]> {
  const allIds = [...new Set(listed.flatMap(({ memberIds }) => memberIds))];
  const [users, heads] = await Promise.all([
    allIds.length === 0 ? [] : store.users.findMany(allIds),
    readHeads(listed.map(({ conversation }) => conversation.id)),
  ]);
  const userById = new Map(users.map((user) => [user.id, toUser(user)]));
  return listed.map(({ conversation: record, memberIds }, index) => ({
    id: record.id,
    kind: record.kind,
    title: record.title ?? null,
    createdAt: new Date(record.createdAtMs).toISOString(),
    createdBy: record.createdBy,
    members: memberIds.flatMap((id) => userById.get(id) ?? []),
    headSeq: heads[index]?.headSeq ?? 0,
  }));
}

/** Returns one conversation as its members see it. */
export async function describeConversation(
  store: Store,
  conversation: ConversationRecord,
  readHeads: HeadReader,
): Promise<Conversation> {
  const memberIds =
    conversation.kind === 'channel' ? [] : await store.conversations.members(conversation.id, MAX_GROUP_MEMBERS);
  const [description] = await describeConversations(store, [{ conversation, memberIds }], readHeads);
  if (!description) throw new Error('a conversation has no description');
  return description;
}
