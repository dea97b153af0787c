import type { ConversationId, UserId } from '@parley/protocol';
import { type ConversationRecord, type DirectConversation, pairKeyOf } from '../conversation-store.ts';
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
    const pairKey = pairKeyOf(pair);
    insertConversation(database, offered, pairKey);
    const row = database.get<ConversationRow>(`SELECT ${COLUMNS} FROM conversations WHERE pairKey = ?`, pairKey);
    if (!row) throw new Error(`conversation id ${offered.id} is taken`);
    insertMembers(database, row.id, pair);
    return { conversation: toConversation(row), created: row.id === offered.id };
  });
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
