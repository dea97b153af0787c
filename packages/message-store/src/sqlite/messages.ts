import type { AcceptedMessage, ConversationId, MessageId } from '@parley/protocol';
import { judgeConflict, type StoredPlace } from '../message-conflict.ts';
import type { MessageTrace, Rejection, TracedMessage } from '../message-store.ts';
import type { Database } from './database.ts';
import { isConstraintViolation } from './errors.ts';

interface MessageRow
  extends Pick<AcceptedMessage, 'id' | 'conversationId' | 'seq' | 'senderId' | 'clientMessageId' | 'kind'> {
  text: string | null;
  media: string | null;
  replyTo: MessageId | null;
  createdAtMs: number;
}

const COLUMNS = 'conversationId, seq, id, senderId, clientMessageId, kind, text, media, replyTo, createdAtMs';

const TRACE_COLUMNS = 'acceptedBy, savedBy, publishedAtMs, savedAtMs';
type TraceRow = { [Name in keyof MessageTrace]: MessageTrace[Name] | null };

function toMessage({ text, media, replyTo, ...row }: MessageRow): AcceptedMessage {
  return {
    ...row,
    ...(text !== null && { text }),
    ...(media !== null && { media: JSON.parse(media) as NonNullable<AcceptedMessage['media']> }),
    ...(replyTo !== null && { replyTo }),
  };
}

/** One transaction; a message that can't be saved is told of and leaves the others alone. */
export function saveBatch(database: Database, messages: readonly TracedMessage[]): Rejection[] {
  return database.transaction(() => {
    const rejected: Rejection[] = [];
    for (const message of messages) {
      const reason = save(database, message);
      if (reason !== undefined) rejected.push({ id: message.id, reason });
    }
    return rejected;
  });
}

/** @returns why the message can't be saved, undefined when it is */
function save(database: Database, message: TracedMessage): string | undefined {
  const { id, conversationId, seq } = message;
  try {
    const inserted = database.run(
      `INSERT INTO messages (${COLUMNS}, ${TRACE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
    );
    if (inserted === 1) return undefined;
  } catch (error) {
    if (isConstraintViolation(error)) return (error as Error).message;
    throw error;
  }
  const verdict = judgeConflict(
    message,
    database.get<StoredPlace>('SELECT id, conversationId, seq FROM messages WHERE id = ?', id),
    database.get<StoredPlace>(
      'SELECT id, conversationId, seq FROM messages WHERE conversationId = ? AND seq = ?',
      conversationId,
      seq,
    ),
  );
  if (verdict.kind === 'none') throw new Error(`message ${id} was not inserted, and nothing is in its way`);
  return verdict.kind === 'taken' ? verdict.reason : undefined;
}

export function readRange(
  database: Database,
  conversationId: ConversationId,
  fromSeq: number,
  toSeq: number,
): AcceptedMessage[] {
  return database
    .all<MessageRow>(
      `SELECT ${COLUMNS} FROM messages WHERE conversationId = ? AND seq BETWEEN ? AND ? ORDER BY seq`,
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

export function findMessage(database: Database, id: MessageId): TracedMessage | undefined {
  const row = database.get<MessageRow & TraceRow>(`SELECT ${COLUMNS}, ${TRACE_COLUMNS} FROM messages WHERE id = ?`, id);
  if (!row) return undefined;
  const { acceptedBy, savedBy, publishedAtMs, savedAtMs, ...message } = row;
  if (acceptedBy === null) return toMessage(message);
  return { ...toMessage(message), trace: { acceptedBy, savedBy, publishedAtMs, savedAtMs } as MessageTrace };
}
