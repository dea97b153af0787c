import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MongoClient } from 'mongodb';
import { type Account, readPage } from '../clients/rest.ts';
import type { RecordedMessage } from '../events/event-record.ts';
import { hashOf } from '../events/recorder.ts';

interface StoredRow extends Omit<RecordedMessage, 'textHash'> {
  readonly text: string | null;
}

const MONGODB_DEADLINE_MS = 10_000;

const toRecord = ({ conversationId, seq, id, senderId, clientMessageId, text }: StoredRow): RecordedMessage => ({
  ...{ conversationId, seq, id, senderId, clientMessageId },
  textHash: hashOf(text),
});

/** Reads all messages from the embedded store's file. */
export function readSqliteStore(dataDir: string): RecordedMessage[] {
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { readOnly: true, timeout: 5_000 });
  try {
    const rows = database
      .prepare(
        'SELECT conversationId, seq, id, senderId, clientMessageId, text FROM messages ORDER BY conversationId, seq',
      )
      .all();
    return (rows as unknown as StoredRow[]).map(toRecord);
  } finally {
    database.close();
  }
}

/** Reads all messages from MongoDB. */
export async function readMongodbStore(url: string): Promise<RecordedMessage[]> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: MONGODB_DEADLINE_MS });
  try {
    type Document = Omit<StoredRow, 'id'> & { _id: string };
    const documents = await client.db().collection<Document>('messages').find().toArray();
    return documents.map(({ _id, ...row }) => toRecord({ ...row, id: _id }));
  } finally {
    await client.close();
  }
}

/**
 * Reads a conversation through the REST API, page by page. Retries until it is complete or the signal aborts.
 *
 * @param onEpoch called with the epoch of each page
 */
export async function readPages(
  url: string,
  reader: Account,
  conversationId: string,
  signal: AbortSignal,
  onEpoch: (epoch: string) => void = () => undefined,
): Promise<RecordedMessage[]> {
  const records: RecordedMessage[] = [];
  for (;;) {
    const { messages, hasMore, epoch } = await readPage(url, reader, conversationId, records.at(-1)?.seq ?? 0, signal);
    onEpoch(epoch);
    for (const message of messages) records.push(toRecord({ ...message, conversationId, text: message.text ?? null }));
    if (!hasMore || messages.length === 0) return records;
  }
}
