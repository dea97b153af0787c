import type { ConversationId, MessageId, MessageRecord } from '@parley/protocol';
import {
  type ChangeRecord,
  changeRecordsOf,
  isSearchable,
  type MergedChange,
  mergeChanges,
  targetKeyOf,
} from '../message-changes.ts';
import type { MessageSearch } from '../message-store.ts';
import { queryTokensOf, searchTextOf } from '../search-tokens.ts';
import type { Database } from './database.ts';
import { type MessageRow, toMessage } from './message-rows.ts';

// Each searchable message has an entry. Its id is also the row id in the full-text index. Ids are ordered by the time of the message:
// the index returns the newest hits first, and a page reads only the rows that it shows.

/** Entry ids per millisecond. The upper half is for ids whose hash is in use. */
const ENTRIES_PER_MS = 2n ** 21n;
const HASHES_PER_MS = 2 ** 20;
/** Later times (after the year 2109) count as this one, so every entry id fits 63 bits. */
const MAX_TIME_MS = 2 ** 42 - 1;

const timeOf = ({ createdAtMs }: Pick<MessageRecord, 'createdAtMs'>): number => Math.min(createdAtMs, MAX_TIME_MS);
const firstEntryIdOf = (message: Pick<MessageRecord, 'createdAtMs'>): bigint =>
  BigInt(timeOf(message)) * ENTRIES_PER_MS;

/** Returns the token that all messages of a conversation have. It begins with a character that no word contains. */
const conversationToken = (id: ConversationId): string => `\ue000${Buffer.from(id).toString('hex')}`;

/**
 * Records changes, removes the text of deleted messages and queues messages for the index, in the transaction that saves them. A
 * deletion may be saved before its target. Indexing costs as much as saving, so it follows later.
 */
export function queueSaved(database: Database, saved: readonly MessageRecord[]): void {
  const changes = changeRecordsOf(saved);
  for (const { targetId, changeId, conversationId, kind, seq } of changes) {
    // The record of a change that was withdrawn may exist.
    const sql = 'INSERT INTO messageChanges VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
    database.run(sql, targetId, changeId, conversationId, kind, seq);
  }
  const queued = saved.filter((message) => message.kind === 'edit' || isSearchable(message)).map(({ id }) => id);
  for (const change of changesOf(database, [...queued, ...changes.map(({ targetId }) => targetId)])) {
    if (change.kind === 'deleted') redact(database, change);
  }
  if (queued.length > 0) database.run('INSERT INTO searchQueue (messageIds) VALUES (?)', JSON.stringify(queued));
}

function changesOf(database: Database, targetIds: readonly MessageId[]): MergedChange[] {
  if (targetIds.length === 0) return [];
  const records = database.all<ChangeRecord>(
    `SELECT targetId, changeId, conversationId, kind, seq FROM messageChanges
     WHERE targetId IN (SELECT value FROM json_each(?))`,
    JSON.stringify(targetIds),
  );
  return mergeChanges(records);
}

function redact(database: Database, deleted: MergedChange & { kind: 'deleted' }): void {
  const [target] = findIndexed(database, [deleted.targetId]);
  if (target?.conversationId !== deleted.conversationId || !isSearchable(target)) return;
  removeEntry(database, target);
  database.run('UPDATE messages SET text = NULL, media = NULL WHERE id = ?', target.id);
  for (const editId of deleted.editIds) database.run('UPDATE messages SET text = NULL WHERE id = ?', editId);
}

/**
 * Removes a message that is about to be deleted from the index, and ends the effect of an edit. Its row still exists, because an
 * entry is removed by its text.
 */
export function removeFromSearch(database: Database, id: MessageId): void {
  const [message] = findIndexed(database, [id]);
  if (!message) return;
  if (isSearchable(message)) removeEntry(database, message);
  if (message.kind !== 'edit' || message.replyTo === null) return;
  const [target] = findIndexed(database, [message.replyTo]);
  // A target without an entry is still in the queue, or deleted.
  const wasIndexed = target !== undefined && removeEntry(database, target);
  database.run('DELETE FROM messageChanges WHERE targetId = ? AND changeId = ?', message.replyTo, id);
  if (wasIndexed) index(database, [target], 'known');
}

/** Returns whether recently saved messages are not indexed yet. */
export const hasQueued = (database: Database): boolean => database.get('SELECT 1 FROM searchQueue') !== undefined;

/** Returns whether any messages are not indexed yet. */
export const hasUnindexed = (database: Database): boolean =>
  hasQueued(database) || database.get('SELECT 1 FROM searchBacklog') !== undefined;

/** Indexes some messages: first those in the queue, then those that were saved before the index existed. */
export function indexSome(database: Database, maxMessages: number): 'more' | 'done' {
  if (!hasUnindexed(database)) return 'done';
  return database.transaction(() => {
    if (indexQueued(database, maxMessages) === 0) indexBacklog(database, maxMessages);
    return hasUnindexed(database) ? 'more' : 'done';
  });
}

/** @returns the number of indexed messages; it exceeds `maxMessages` by less than one batch */
function indexQueued(database: Database, maxMessages: number): number {
  const ids: MessageId[] = [];
  let last: number | undefined;
  for (const row of database.iterate<QueueRow>('SELECT queueId, messageIds FROM searchQueue ORDER BY queueId')) {
    ids.push(...(JSON.parse(row.messageIds) as MessageId[]));
    last = row.queueId;
    if (ids.length >= maxMessages) break;
  }
  if (last === undefined) return 0;
  const messages = findIndexed(database, ids);
  const edited = messages.flatMap(({ kind, replyTo }) => (kind === 'edit' && replyTo ? [replyTo] : []));
  index(database, messages, 'new');
  index(database, findIndexed(database, edited), 'known');
  database.run('DELETE FROM searchQueue WHERE queueId <= ?', last);
  return ids.length;
}

interface QueueRow {
  readonly queueId: number;
  readonly messageIds: string;
}

function indexBacklog(database: Database, maxMessages: number): void {
  const after = database.get<{ conversationId: string; seq: number }>('SELECT conversationId, seq FROM searchBacklog');
  if (!after) return;
  const rows = database.all<Indexed & { seq: number }>(
    `SELECT ${INDEXED_COLUMNS}, seq FROM messages
     WHERE (conversationId, seq) > (?, ?) ORDER BY conversationId, seq LIMIT ?`,
    after.conversationId,
    after.seq,
    maxMessages,
  );
  index(database, rows, 'known');
  const last = rows.at(-1);
  if (rows.length < maxMessages || !last) database.run('DELETE FROM searchBacklog');
  else database.run('UPDATE searchBacklog SET conversationId = ?, seq = ?', last.conversationId, last.seq);
}

/** Indexes messages by their newest text. `known` messages may be in the index with an older text. */
function index(database: Database, messages: readonly Indexed[], age: 'new' | 'known'): void {
  const findable = new Map(messages.filter(isSearchable).map((message) => [message.id, message]));
  const changes = changesOf(database, [...findable.keys()]);
  const changeByTarget = new Map(changes.map((change) => [targetKeyOf(change), change]));
  for (const message of findable.values()) {
    const { id: targetId, conversationId } = message;
    const change = changeByTarget.get(targetKeyOf({ targetId, conversationId }));
    if (change?.kind === 'deleted') continue;
    // The edit of a new message may have been saved before it.
    if (change || age === 'known') removeEntry(database, message);
    if (!change) addEntry(database, message, message.text);
    else addEntry(database, message, findIndexed(database, [change.editId])[0]?.text, change.editId);
  }
}

type Indexed = Pick<MessageRow, 'id' | 'conversationId' | 'createdAtMs' | 'kind' | 'text' | 'replyTo'>;
const INDEXED_COLUMNS = 'id, conversationId, createdAtMs, kind, text, replyTo';

function findIndexed(database: Database, ids: readonly MessageId[]): Indexed[] {
  return database.all<Indexed>(
    `SELECT ${INDEXED_COLUMNS} FROM messages WHERE id IN (SELECT value FROM json_each(?))`,
    JSON.stringify(ids),
  );
}

/** @param editId the edit that has the text */
function addEntry(database: Database, message: Indexed, text: string | null | undefined, editId?: MessageId): void {
  if (!text) return;
  const { id, conversationId } = message;
  let entryId = firstEntryIdOf(message) + BigInt(hashOf(id));
  const sql = 'INSERT INTO searchEntries VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
  while (database.run(sql, entryId, id, editId ?? null) === 0) entryId += 1n;
  database.run('INSERT INTO searchIndex (rowid, tokens) VALUES (?, ?)', entryId, indexedTextOf(conversationId, text));
}

const indexedTextOf = (conversationId: ConversationId, text: string): string =>
  `${conversationToken(conversationId)} ${searchTextOf(text)}`;

/** Two ids of one millisecond rarely have the same hash. */
function hashOf(id: MessageId): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) | 0;
  return hash & (HASHES_PER_MS - 1);
}

/**
 * Needs the text of the entry: the index stores no text, and its delete command takes the indexed text.
 *
 * @returns whether the message had an entry
 */
function removeEntry(database: Database, message: Indexed): boolean {
  const first = firstEntryIdOf(message);
  const entry = database.get<{ offset: number; text: string }>(
    `SELECT entryId - ?1 AS offset, coalesce(edits.text, messages.text) AS text
     FROM searchEntries
     JOIN messages ON messages.id = searchEntries.messageId
     LEFT JOIN messages AS edits ON edits.id = searchEntries.editId
     WHERE entryId BETWEEN ?1 AND ?2 AND messageId = ?3`,
    first,
    first + ENTRIES_PER_MS - 1n,
    message.id,
  );
  if (!entry) return false;
  const entryId = first + BigInt(entry.offset);
  database.run(
    `INSERT INTO searchIndex (searchIndex, rowid, tokens) VALUES ('delete', ?, ?)`,
    entryId,
    indexedTextOf(message.conversationId, entry.text),
  );
  database.run('DELETE FROM searchEntries WHERE entryId = ?', entryId);
  return true;
}

const HITS = `
  SELECT messages.conversationId, messages.seq, messages.id, messages.senderId, messages.clientMessageId, messages.kind,
    coalesce(edits.text, messages.text) AS text, messages.media, messages.replyTo, messages.createdAtMs
  FROM searchIndex
  CROSS JOIN searchEntries ON searchEntries.entryId = searchIndex.rowid
  CROSS JOIN messages ON messages.id = searchEntries.messageId
  LEFT JOIN messages AS edits ON edits.id = searchEntries.editId
  WHERE searchIndex MATCH ? AND searchIndex.rowid <= ?
  ORDER BY searchIndex.rowid DESC
`;

export function searchMessages(database: Database, query: MessageSearch): MessageRecord[] {
  const { text, conversationIds, before, limit } = query;
  const tokens = queryTokensOf(text);
  if (tokens.length === 0 || conversationIds.length === 0 || limit < 1) return [];
  const sql = 'SELECT id, createdAtMs FROM messages WHERE id = ?';
  const cursor = before === undefined ? undefined : database.get<Position>(sql, before);
  if (before !== undefined && !cursor) return [];
  const scope = conversationIds.map((id) => `"${conversationToken(id)}"`).join(' OR ');
  const match = [`(${scope})`, ...tokens.map((token) => `"${token}" *`)].join(' AND ');
  const newestEntryId = firstEntryIdOf(cursor ?? { createdAtMs: MAX_TIME_MS }) + ENTRIES_PER_MS - 1n;
  const hits: MessageRow[] = [];
  for (const row of database.iterate<MessageRow>(HITS, match, newestEntryId)) {
    // Entries of one millisecond are in any order, so all of them must be read.
    const oldest = hits.at(-1);
    if (oldest && hits.length >= limit && timeOf(oldest) !== timeOf(row)) break;
    if (!cursor || isNewer(cursor, row)) hits.push(row);
  }
  return hits
    .sort((a, b) => (isNewer(a, b) ? -1 : 1))
    .slice(0, limit)
    .map(toMessage);
}

type Position = Pick<MessageRow, 'createdAtMs' | 'id'>;

const isNewer = (a: Position, b: Position): boolean =>
  a.createdAtMs === b.createdAtMs ? a.id > b.id : a.createdAtMs > b.createdAtMs;
