import type { MessageLog } from '@parley/message-log';
import type { ConversationRecord, Store } from '@parley/message-store';
import { type Conversation, MAX_GROUP_MEMBERS } from '@parley/protocol';
import { toUser } from '../accounts/accounts.ts';
import { readStates } from './heads.ts';

/** Conversations as their members see them, in the order given; in channels nobody is named. */
export async function describeConversations(
  parts: { store: Store; log: MessageLog },
  records: readonly ConversationRecord[],
): Promise<Conversation[]> {
  const { store, log } = parts;
  const memberIds = await Promise.all(
    records.map((record) =>
      record.kind === 'channel' ? [] : store.conversations.members(record.id, MAX_GROUP_MEMBERS),
    ),
  );
  const allIds = [...new Set(memberIds.flat())];
  const [users, states] = await Promise.all([
    allIds.length === 0 ? [] : store.users.findMany(allIds),
    readStates(
      { log, messages: store.messages },
      records.map((record) => record.id),
    ),
  ]);
  const userById = new Map(users.map((user) => [user.id, toUser(user)]));
  return records.map((record, index) => ({
    id: record.id,
    kind: record.kind,
    title: record.title ?? null,
    createdAt: new Date(record.createdAtMs).toISOString(),
    createdBy: record.createdBy,
    members: (memberIds[index] ?? []).flatMap((id) => userById.get(id) ?? []),
    headSeq: states[index]?.headSeq ?? 0,
  }));
}
