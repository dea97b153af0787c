import { type MessageId, type MessageRecord, SENDABLE_KINDS } from '@parley/protocol';
import type { AnyBulkWriteOperation, Collection, Db, Filter } from 'mongodb';
import { changeRecordsOf, isSearchable, type MergedChange, mergeChanges } from '../message-changes.ts';
import type { MessageSearch } from '../message-store.ts';
import { queryTokensOf, searchTokensOf } from '../search-tokens.ts';
import { COMMAND_LIMITS } from './deadlines.ts';
import { type ChangeDocument, COLLECTIONS, type MessageDocument, type SearchBacklogDocument } from './documents.ts';
import { refusedDuplicates } from './errors.ts';
import { toMessage } from './message-documents.ts';

/** The id of the document with the progress of the backlog. */
const BACKLOG_ID = 'messages';

async function buildIndex(database: Db): Promise<void> {
  // Without limits: an index over many messages takes longer than a command may. The server continues to build it after a timeout, and
  // the next call waits for it.
  await database
    .collection(COLLECTIONS.messages)
    .createIndex(
      { conversationId: 1, 'search.tokens': 1 },
      { partialFilterExpression: { 'search.tokens': { $exists: true } } },
    );
}

/** Builds the index now if there are no messages. Existing messages form a backlog, which is indexed in the background. */
export async function prepareSearch(database: Db): Promise<void> {
  if ((await database.collection(COLLECTIONS.messages).findOne({}, COMMAND_LIMITS)) !== null) return;
  await buildIndex(database);
  const backlog = database.collection<SearchBacklogDocument>(COLLECTIONS.searchBacklog);
  const emptyBacklog = { afterId: '' as MessageId, isDone: true };
  await backlog.updateOne({ _id: BACKLOG_ID }, { $set: emptyBacklog }, { upsert: true, ...COMMAND_LIMITS });
}

interface Collections {
  readonly messages: Collection<MessageDocument>;
  readonly changes: Collection<ChangeDocument>;
  readonly backlog: Collection<SearchBacklogDocument>;
}

/** @returns the targets of the changes */
async function recordChanges({ changes }: Collections, saved: readonly MessageRecord[]): Promise<MessageId[]> {
  const documents = changeRecordsOf(saved).map(({ changeId, ...change }) => ({ _id: changeId, ...change }));
  if (documents.length === 0) return [];
  try {
    await changes.insertMany(documents, { ordered: false, ...COMMAND_LIMITS });
  } catch (error) {
    // Duplicates were recorded before. Any other error is thrown.
    refusedDuplicates(error);
  }
  return documents.map(({ targetId }) => targetId);
}

/** Returns the writes that apply a change to its target. */
async function writesFor(
  { messages }: Collections,
  change: MergedChange,
): Promise<AnyBulkWriteOperation<MessageDocument>[]> {
  const { targetId, conversationId } = change;
  const target: Filter<MessageDocument> = { _id: targetId, conversationId, kind: { $in: [...SENDABLE_KINDS] } };
  if (change.kind === 'deleted') {
    return [
      {
        updateOne: {
          filter: target,
          update: { $set: { search: { isDeleted: true } }, $unset: { text: '', media: '' } },
        },
      },
      ...change.editIds.map((_id) => ({ updateOne: { filter: { _id }, update: { $unset: { text: '' as const } } } })),
    ];
  }
  const { editId, seq: editSeq } = change;
  const edit = await messages.findOne({ _id: editId }, COMMAND_LIMITS);
  if (edit?.text === undefined) return [];
  const search = { tokens: searchTokensOf(edit.text), text: edit.text, editSeq };
  // Another worker may have applied a later change already.
  const isLatest = { 'search.isDeleted': { $exists: false }, 'search.editSeq': { $not: { $gte: editSeq } } };
  return [{ updateOne: { filter: { ...target, ...isLatest }, update: { $set: { search } } } }];
}

/**
 * Applies edits and deletions: those among these messages, and those that were saved before their targets. Each worker first
 * saves messages and records changes, then reads all changes. If two workers save a message and its change concurrently, at
 * least one of them sees both. Idempotent.
 *
 * @param saved stored messages
 */
async function applyChanges(collections: Collections, saved: readonly MessageRecord[]): Promise<void> {
  const { messages, changes } = collections;
  const targetIds = [...(await recordChanges(collections, saved)), ...saved.filter(isSearchable).map(({ id }) => id)];
  if (targetIds.length === 0) return;
  const known = await changes.find({ targetId: { $in: targetIds } }, COMMAND_LIMITS).toArray();
  if (known.length === 0) return;
  const merged = mergeChanges(known.map(({ _id, ...change }) => ({ changeId: _id, ...change })));
  const writes = (await Promise.all(merged.map((change) => writesFor(collections, change)))).flat();
  if (writes.length > 0) await messages.bulkWrite(writes, { ordered: false, ...COMMAND_LIMITS });
}

/** Ends the effect of an edit that was deleted: the target has the text of its next newest edit again, or its own. */
async function endEdit(
  collections: Collections,
  edit: { id: MessageId; seq: number; replyTo: MessageId },
): Promise<void> {
  const { messages, changes } = collections;
  await changes.deleteOne({ _id: edit.id }, COMMAND_LIMITS);
  const target = await messages.findOne({ _id: edit.replyTo }, COMMAND_LIMITS);
  if (target?.text === undefined) return;
  // Another worker may have applied a later change already.
  const hasItsText = { _id: target._id, 'search.editSeq': edit.seq };
  const search = { tokens: searchTokensOf(target.text) };
  await messages.updateOne(hasItsText, { $set: { search } }, COMMAND_LIMITS);
  await applyChanges(collections, [toMessage(target)]);
}

async function searchMessages({ messages }: Collections, query: MessageSearch): Promise<MessageRecord[]> {
  const { text, conversationIds, before, limit } = query;
  const tokens = queryTokensOf(text);
  // MongoDB takes a limit of 0 as no limit.
  if (tokens.length === 0 || conversationIds.length === 0 || limit < 1) return [];
  const filter: Filter<MessageDocument> = {
    conversationId: { $in: [...conversationIds] },
    $and: tokens.map((token) => ({ 'search.tokens': { $regex: `^${token}` } })),
  };
  if (before !== undefined) {
    const cursor = await messages.findOne({ _id: before }, { projection: { createdAtMs: 1 }, ...COMMAND_LIMITS });
    if (!cursor) return [];
    const { createdAtMs } = cursor;
    filter.$or = [{ createdAtMs: { $lt: createdAtMs } }, { createdAtMs, _id: { $lt: before } }];
  }
  const hits = await messages
    .find(filter, { projection: { trace: 0, 'search.tokens': 0 }, ...COMMAND_LIMITS })
    .sort({ createdAtMs: -1, _id: -1 })
    .limit(limit)
    .toArray();
  return hits.map(({ search, ...hit }) => toMessage(search?.text === undefined ? hit : { ...hit, text: search.text }));
}

/** Indexes some of the messages that were saved before the index existed. Builds the index first. */
async function indexBacklog(
  database: Db,
  { messages, backlog }: Collections,
  maxMessages: number,
): Promise<'more' | 'done'> {
  const progress = await backlog.findOne({ _id: BACKLOG_ID }, COMMAND_LIMITS);
  if (progress?.isDone) return 'done';
  await buildIndex(database);
  const documents = await messages
    .find(progress ? { _id: { $gt: progress.afterId } } : {}, {
      projection: { kind: 1, text: 1, search: 1 },
      ...COMMAND_LIMITS,
    })
    .sort({ _id: 1 })
    .limit(maxMessages)
    .toArray();
  const writes = documents
    .filter((document) => isSearchable(document) && document.text !== undefined && !document.search)
    .map(({ _id, text }) => ({
      // The message may have been edited or deleted since it was read.
      updateOne: {
        filter: { _id, search: { $exists: false } },
        update: { $set: { search: { tokens: searchTokensOf(text as string) } } },
      },
    }));
  if (writes.length > 0) await messages.bulkWrite(writes, { ordered: false, ...COMMAND_LIMITS });
  const isDone = documents.length < maxMessages;
  const afterId = documents.at(-1)?._id ?? progress?.afterId ?? ('' as MessageId);
  await backlog.updateOne({ _id: BACKLOG_ID }, { $set: { afterId, isDone } }, { upsert: true, ...COMMAND_LIMITS });
  return isDone ? 'done' : 'more';
}

/** The search index: tokens in the documents of the messages, and a collection of changes by target. */
export function createMessageIndex(database: Db) {
  const collections: Collections = {
    messages: database.collection(COLLECTIONS.messages),
    changes: database.collection(COLLECTIONS.changes),
    backlog: database.collection(COLLECTIONS.searchBacklog),
  };
  return {
    applyChanges: (saved: readonly MessageRecord[]) => applyChanges(collections, saved),
    endEdit: (edit: { id: MessageId; seq: number; replyTo: MessageId }) => endEdit(collections, edit),
    search: (query: MessageSearch) => searchMessages(collections, query),
    async hasBacklog(): Promise<boolean> {
      return (await collections.backlog.findOne({ _id: BACKLOG_ID }, COMMAND_LIMITS))?.isDone !== true;
    },
    indexBacklog: (maxMessages: number) => indexBacklog(database, collections, maxMessages),
  };
}

export type MessageIndex = ReturnType<typeof createMessageIndex>;
