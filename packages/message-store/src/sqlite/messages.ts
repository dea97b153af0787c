import type { ConversationId, MessageId, MessageRecord } from '@parley/protocol';
import { judgeConflict } from '../message-conflict.ts';
import type { Rejection, SeqRange, StoredPosition, TracedMessage, TraceRecord } from '../message-store.ts';
import { MAX_PLACEHOLDERS, placeholdersFor, type StoredTime } from '../placeholders.ts';
import { recordActivity } from './conversations.ts';
import type { Database } from './database.ts';
import { isConstraintViolation } from './errors.ts';
import { MESSAGE_COLUMNS, type MessageRow, toMessage } from './message-rows.ts';
import { queueSaved, removeFromSearch } from './message-search.ts';

const TRACE_COLUMNS = 'acceptedBy, savedBy, publishedAtMs, savedAtMs, epoch';
type TraceRow = { [Name in keyof Required<TraceRecord>]: Exclude<TraceRecord[Name], undefined> | null };

/** Saves a batch in one transaction. An invalid message is rejected and does not affect the others. */
export function saveBatch(database: Database, messages: readonly TracedMessage[]): Rejection[] {
  return database.transaction(() => {
    const rejected: Rejection[] = [];
    const saved: TracedMessage[] = [];
    for (const message of messages) {
      const outcome = save(database, message);
      if (outcome.kind === 'saved') saved.push(message);
      else if (outcome.kind === 'rejected') rejected.push(outcome.rejection);
    }
    queueSaved(database, saved);
    recordActivity(database, saved);
    return rejected;
  });
}

type Outcome = { kind: 'saved' } | { kind: 'saved-before' } | { kind: 'rejected'; rejection: Rejection };
const SAVED: Outcome = { kind: 'saved' };

function save(database: Database, message: TracedMessage): Outcome {
  const { id, conversationId, seq } = message;
  try {
    const inserted = database.run(
      `INSERT INTO messages (${MESSAGE_COLUMNS}, ${TRACE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`,
      conversationId,
      seq,
      id,
      message.senderId,
      message.clientMessageId,
      message.kind,
      message.text ?? null,
      message.media ? JSON.stringify(message.media) : null,
      message.replyTo ?? null,
      message.createdAtMs,
      message.trace?.acceptedBy ?? null,
      message.trace?.savedBy ?? null,
      message.trace?.publishedAtMs ?? null,
      message.trace?.savedAtMs ?? null,
      message.trace?.epoch ?? null,
    );
    if (inserted === 1) return SAVED;
  } catch (error) {
    if (isConstraintViolation(error)) return { kind: 'rejected', rejection: { id, reason: (error as Error).message } };
    throw error;
  }
  const verdict = judgeConflict(
    message,
    database.get<StoredPosition>('SELECT id, conversationId, seq FROM messages WHERE id = ?', id),
    database.get<StoredPosition>(
      'SELECT id, conversationId, seq FROM messages WHERE conversationId = ? AND seq = ?',
      conversationId,
      seq,
    ),
  );
  if (verdict.kind === 'none') throw new Error(`message ${id} was not inserted, although nothing conflicts with it`);
  return verdict;
}

export function readRange(
  database: Database,
  conversationId: ConversationId,
  fromSeq: number,
  toSeq: number,
): MessageRecord[] {
  return database
    .all<MessageRow>(
      `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE conversationId = ? AND seq BETWEEN ? AND ? ORDER BY seq`,
      conversationId,
      fromSeq,
      toSeq,
    )
    .map(toMessage);
}

export function headSeq(database: Database, conversationId: ConversationId): number {
  const row = database.get<{ seq: number | null }>(
    'SELECT max(seq) AS seq FROM messages WHERE conversationId = ?',
    conversationId,
  );
  return row?.seq ?? 0;
}

export const headSeqs = (database: Database, conversationIds: readonly ConversationId[]): number[] =>
  conversationIds.map((id) => headSeq(database, id));

/** Returns the placeholders that would fill the gaps of the ranges. */
export function findGaps(database: Database, ranges: readonly SeqRange[]): MessageRecord[] {
  const placeholders: MessageRecord[] = [];
  for (const range of ranges) {
    const rows = database.iterate<StoredTime>(
      'SELECT seq, createdAtMs FROM messages WHERE conversationId = ? AND seq BETWEEN ? AND ? ORDER BY seq',
      range.conversationId,
      range.fromSeq - 1,
      range.toSeq + 1,
    );
    placeholders.push(...placeholdersFor(range, rows, MAX_PLACEHOLDERS - placeholders.length));
  }
  return placeholders;
}

export function withdraw(database: Database, { id, conversationId, seq }: StoredPosition): void {
  const stored = 'FROM messages WHERE id = ? AND conversationId = ? AND seq = ?';
  database.transaction(() => {
    if (!database.get(`SELECT 1 ${stored}`, id, conversationId, seq)) return;
    removeFromSearch(database, id);
    database.run(`DELETE ${stored}`, id, conversationId, seq);
  });
}

export function findMessage(database: Database, id: MessageId): TracedMessage | undefined {
  const row = database.get<MessageRow & TraceRow>(
    `SELECT ${MESSAGE_COLUMNS}, ${TRACE_COLUMNS} FROM messages WHERE id = ?`,
    id,
  );
  if (!row) return undefined;
  const { acceptedBy, savedBy, publishedAtMs, savedAtMs, epoch, ...message } = row;
  if (acceptedBy === null) return toMessage(message);
  const trace = { acceptedBy, savedBy, publishedAtMs, savedAtMs, ...(epoch !== null && { epoch }) } as TraceRecord;
  return { ...toMessage(message), trace };
}
