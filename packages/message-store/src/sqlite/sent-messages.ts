import type { ClientMessageId, MessageRecord, UserId } from '@parley/protocol';
import type { Database } from './database.ts';
import { MESSAGE_COLUMNS, type MessageRow, toMessage } from './message-rows.ts';

/** Names the index, because SQLite prefers the one over time, which would read all messages of the sender since then. */
export const FIND_SENT = `SELECT ${MESSAGE_COLUMNS} FROM messages INDEXED BY messagesByClientMessageId
  WHERE senderId = ? AND clientMessageId = ? AND createdAtMs >= ? ORDER BY createdAtMs LIMIT 10`;

export const SENT_SINCE = `SELECT clientMessageId FROM messages
  WHERE senderId = ? AND createdAtMs >= ? ORDER BY createdAtMs DESC LIMIT ?`;

export const findSent = (
  database: Database,
  senderId: UserId,
  clientMessageId: ClientMessageId,
  sinceMs: number,
): MessageRecord[] => database.all<MessageRow>(FIND_SENT, senderId, clientMessageId, sinceMs).map(toMessage);

export const sentSince = (database: Database, senderId: UserId, sinceMs: number, limit: number): ClientMessageId[] =>
  database
    .all<{ clientMessageId: ClientMessageId }>(SENT_SINCE, senderId, sinceMs, limit)
    .map(({ clientMessageId }) => clientMessageId);

export const isEmpty = (database: Database): boolean => database.get('SELECT 1 FROM messages LIMIT 1') === undefined;
