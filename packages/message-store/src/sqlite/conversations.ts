import type { ConversationId, MessageRecord, UserId } from '@parley/protocol';
import { MAX_GROUP_MEMBERS } from '@parley/protocol/constants';
import {
  activityIn,
  type ConversationListPage,
  type ConversationRecord,
  type DirectConversation,
  type ListedConversation,
  type ListQuery,
  pairKeyOf,
} from '../conversation-store.ts';
import type { Database } from './database.ts';

type ConversationRow = Omit<ConversationRecord, 'title'> & { title: string | null };

const COLUMNS = 'id, kind, title, createdBy, createdAtMs';

const toConversation = (row: ConversationRow): ConversationRecord => ({ ...row, title: row.title ?? undefined });

export function createConversation(
  database: Database,
  conversation: ConversationRecord,
  memberIds: readonly UserId[],
): void {
  database.transaction(() => {
    insertConversation(database, conversation, null);
    insertMembers(database, conversation.id, memberIds);
  });
}

export function createDirectConversation(
  database: Database,
  offered: ConversationRecord,
  pair: readonly [UserId, UserId],
): DirectConversation {
  return database.transaction(() => {
    insertConversation(database, offered, pairKeyOf(pair));
    const conversation = findDirectConversation(database, pair);
    if (!conversation) throw new Error(`conversation id ${offered.id} is taken`);
    insertMembers(database, conversation.id, pair);
    return { conversation, created: conversation.id === offered.id };
  });
}

export function findDirectConversation(
  database: Database,
  pair: readonly [UserId, UserId],
): ConversationRecord | undefined {
  const sql = `SELECT ${COLUMNS} FROM conversations WHERE pairKey = ?`;
  const row = database.get<ConversationRow>(sql, pairKeyOf(pair));
  return row && toConversation(row);
}

export function renameConversation(database: Database, id: ConversationId, title: string): void {
  database.run('UPDATE conversations SET title = ? WHERE id = ?', title, id);
}

export function addMembers(database: Database, id: ConversationId, userIds: readonly UserId[]): UserId[] {
  return database.transaction(() => insertMembers(database, id, userIds));
}

function insertConversation(database: Database, conversation: ConversationRecord, pairKey: string | null): void {
  database.run(
    `INSERT INTO conversations (${COLUMNS}, pairKey) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    conversation.id,
    conversation.kind,
    conversation.title ?? null,
    conversation.createdBy,
    conversation.createdAtMs,
    pairKey,
  );
}

/** @returns the users who were not members before */
function insertMembers(database: Database, id: ConversationId, userIds: readonly UserId[]): UserId[] {
  const sql = 'INSERT INTO members (conversationId, userId) VALUES (?, ?) ON CONFLICT DO NOTHING';
  return userIds.filter((userId) => database.run(sql, id, userId) === 1);
}

export function findConversation(database: Database, id: ConversationId): ConversationRecord | undefined {
  const row = database.get<ConversationRow>(`SELECT ${COLUMNS} FROM conversations WHERE id = ?`, id);
  return row && toConversation(row);
}

export function listConversations(database: Database, userId: UserId): ConversationRecord[] {
  return database
    .all<ConversationRow>(
      `SELECT ${COLUMNS} FROM conversations
       WHERE id IN (SELECT conversationId FROM members WHERE userId = ?)
       ORDER BY createdAtMs DESC, id DESC`,
      userId,
    )
    .map(toConversation);
}

/** Records the activity of conversations in the transaction that saves their messages. */
export function recordActivity(database: Database, saved: readonly MessageRecord[]): void {
  const sql = 'UPDATE conversations SET activeAtMs = ?1 WHERE id = ?2 AND coalesce(activeAtMs, 0) < ?1';
  for (const [id, activeAtMs] of activityIn(saved)) database.run(sql, activeAtMs, id);
}

export function listPage(
  database: Database,
  userId: UserId,
  { limit, maxMembers, after }: ListQuery,
): ConversationListPage {
  const rows = database.iterate<ConversationRow & { activity: number }>(
    `SELECT ${COLUMNS}, max(createdAtMs, coalesce(activeAtMs, 0)) AS activity FROM conversations
     WHERE id IN (SELECT conversationId FROM members WHERE userId = ?) AND (activity, id) < (?, ?)
     ORDER BY activity DESC, id DESC LIMIT ?`,
    userId,
    after?.activeAtMs ?? Number.MAX_SAFE_INTEGER,
    after?.id ?? '',
    limit + 1,
  );
  const conversations: ListedConversation[] = [];
  let members = 0;
  for (const { activity: activeAtMs, ...row } of rows) {
    if (conversations.length === limit) return { conversations, hasMore: true };
    const memberIds = row.kind === 'channel' ? [] : listMembers(database, row.id, MAX_GROUP_MEMBERS);
    members += memberIds.length;
    if (members > maxMembers && conversations.length > 0) return { conversations, hasMore: true };
    conversations.push({ conversation: toConversation(row), memberIds, activeAtMs });
  }
  return { conversations, hasMore: false };
}

export function countMemberships(database: Database, userIds: readonly UserId[]): number[] {
  const rows = database.all<{ userId: UserId; memberships: number }>(
    `SELECT userId, count(*) AS memberships FROM members
     WHERE userId IN (SELECT value FROM json_each(?)) GROUP BY userId`,
    JSON.stringify(userIds),
  );
  const counts = new Map(rows.map(({ userId, memberships }) => [userId, memberships]));
  return userIds.map((id) => counts.get(id) ?? 0);
}

export function removeMember(database: Database, id: ConversationId, userId: UserId): boolean {
  return database.run('DELETE FROM members WHERE conversationId = ? AND userId = ?', id, userId) === 1;
}

export function listMembers(database: Database, id: ConversationId, limit: number): UserId[] {
  return database
    .all<{ userId: UserId }>(
      'SELECT userId FROM members WHERE conversationId = ? ORDER BY joinOrder LIMIT ?',
      id,
      limit,
    )
    .map((row) => row.userId);
}

export function isMember(database: Database, id: ConversationId, userId: UserId): boolean {
  const sql = 'SELECT 1 FROM members WHERE conversationId = ? AND userId = ?';
  return database.get(sql, id, userId) !== undefined;
}

export function membersAmong(database: Database, id: ConversationId, userIds: readonly UserId[]): UserId[] {
  return userIds.filter((userId) => isMember(database, id, userId));
}

export const membershipsAmong = (
  database: Database,
  userId: UserId,
  ids: readonly ConversationId[],
): ConversationId[] => ids.filter((id) => isMember(database, id, userId));
