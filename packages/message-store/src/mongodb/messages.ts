import type { ConversationId, MessageRecord, Seq } from '@parley/protocol';
import type { Db, Filter } from 'mongodb';
import { activityIn } from '../conversation-store.ts';
import { judgeConflict } from '../message-conflict.ts';
import type { MessageStore, Rejection, SeqRange, StoredPosition, TracedMessage } from '../message-store.ts';
import { MAX_PLACEHOLDERS, placeholdersFor } from '../placeholders.ts';
import { StoreUnavailable } from '../store.ts';
import { splitValid } from '../validate-message.ts';
import { COMMAND_LIMITS } from './deadlines.ts';
import { COLLECTIONS, type ConversationDocument, type MessageDocument } from './documents.ts';
import { DOCUMENT_VALIDATION_FAILURE, DUPLICATE_KEY, refusedWrites } from './errors.ts';
import { toDocument, toMessage } from './message-documents.ts';
import type { MessageIndex } from './message-search.ts';

const keyOf = ({ conversationId, seq }: StoredPosition): string => `${conversationId}:${seq}`;

export function createMessageStore(database: Db, index: MessageIndex): MessageStore {
  const messages = database.collection<MessageDocument>(COLLECTIONS.messages);
  const conversations = database.collection<ConversationDocument>(COLLECTIONS.conversations);

  async function recordActivity(saved: readonly MessageRecord[]): Promise<void> {
    const updates = [...activityIn(saved)].map(([_id, activeAtMs]) => ({
      updateOne: { filter: { _id }, update: { $max: { activeAtMs } } },
    }));
    if (updates.length > 0) await conversations.bulkWrite(updates, { ordered: false, ...COMMAND_LIMITS });
  }

  /**
   * Inserts instead of upserts: half the work for the server, and routed by the shard key. A repeat is safe, because an existing
   * message causes a duplicate key error and is then recognised.
   */
  async function save(batch: readonly TracedMessage[]): Promise<Rejection[]> {
    try {
      await messages.insertMany(batch.map(toDocument), { ordered: false, ...COMMAND_LIMITS });
      return [];
    } catch (error) {
      const rejected: Rejection[] = [];
      const duplicates: MessageRecord[] = [];
      for (const { index, code, errmsg } of refusedWrites(error)) {
        const message = batch[index];
        if (!message) throw error;
        if (code === DUPLICATE_KEY) duplicates.push(message);
        else if (code === DOCUMENT_VALIDATION_FAILURE) rejected.push({ id: message.id, reason: errmsg ?? 'not valid' });
        else throw error;
      }
      return rejected.concat(await judgeDuplicates(duplicates));
    }
  }

  async function judgeDuplicates(duplicates: readonly MessageRecord[]): Promise<Rejection[]> {
    if (duplicates.length === 0) return [];
    const byId = new Map<string, StoredPosition>();
    for (const position of await findPositions({ _id: { $in: duplicates.map(({ id }) => id) } }))
      byId.set(position.id, position);
    const otherIds = duplicates.filter(({ id }) => !byId.has(id));
    const byPosition = new Map<string, StoredPosition>();
    if (otherIds.length > 0) {
      const positions = otherIds.map(({ conversationId, seq }) => ({ conversationId, seq }));
      for (const position of await findPositions({ $or: positions })) byPosition.set(keyOf(position), position);
    }
    return duplicates.flatMap((message) => {
      const verdict = judgeConflict(message, byId.get(message.id), byPosition.get(keyOf(message)));
      // The conflicting write is not on a majority yet or was rolled back. The next attempt will see it, or succeed.
      if (verdict.kind === 'none') throw new StoreUnavailable(`message ${message.id} met a write that is not durable`);
      return verdict.kind === 'rejected' ? [verdict.rejection] : [];
    });
  }

  async function findPositions(filter: Filter<MessageDocument>): Promise<StoredPosition[]> {
    const documents = await messages
      .find(filter, { projection: { conversationId: 1, seq: 1 }, ...COMMAND_LIMITS })
      .toArray();
    return documents.map(({ _id, conversationId, seq }) => ({ id: _id, conversationId, seq }));
  }

  async function headSeq(conversationId: ConversationId): Promise<number> {
    const newest = await messages.findOne(
      { conversationId },
      { sort: { seq: -1 }, projection: { _id: 0, seq: 1 }, ...COMMAND_LIMITS },
    );
    return newest?.seq ?? 0;
  }

  /** Returns the placeholders that would fill the gaps of a range. Counting reads the index only, and gaps are rare. */
  async function findGaps(range: SeqRange): Promise<MessageRecord[]> {
    const { conversationId, fromSeq, toSeq } = range;
    const inRange = { conversationId, seq: { $gte: fromSeq as Seq, $lte: toSeq as Seq } };
    if ((await messages.countDocuments(inRange, COMMAND_LIMITS)) > toSeq - fromSeq) return [];
    const aroundRange = { conversationId, seq: { $gte: (fromSeq - 1) as Seq, $lte: (toSeq + 1) as Seq } };
    const stored = await messages
      .find(aroundRange, { projection: { _id: 0, seq: 1, createdAtMs: 1 }, ...COMMAND_LIMITS })
      .sort({ seq: 1 })
      .toArray();
    return placeholdersFor(range, stored);
  }

  return {
    async saveBatch(batch) {
      const { valid, rejected } = splitValid(batch);
      if (valid.length > 0) {
        rejected.push(...(await save(valid)));
        // Includes messages that were stored before: the worker that saved them may have crashed before it applied their changes.
        const rejectedIds = new Set(rejected.map(({ id }) => id));
        const saved = valid.filter(({ id }) => !rejectedIds.has(id));
        await Promise.all([index.applyChanges(saved), recordActivity(saved)]);
      }
      return { rejected };
    },

    async readRange(conversationId, fromSeq, toSeq) {
      const range = { conversationId, seq: { $gte: fromSeq as Seq, $lte: toSeq as Seq } };
      const documents = await messages
        .find(range, { projection: { trace: 0, search: 0 }, ...COMMAND_LIMITS })
        .sort({ seq: 1 })
        .toArray();
      return documents.map(toMessage);
    },

    headSeq,

    // One read of the index for each; MongoDB has no single command that surely uses the index for all of them.
    headSeqs: (conversationIds) => Promise.all(conversationIds.map(headSeq)),

    async fillGaps(ranges) {
      const found = await Promise.all(ranges.map(findGaps));
      const placeholders = found.flat().slice(0, MAX_PLACEHOLDERS);
      if (placeholders.length > 0) await save(placeholders);
      return placeholders.length;
    },

    async withdraw({ id, conversationId, seq }) {
      const withdrawn = await messages.findOneAndDelete({ _id: id, conversationId, seq }, COMMAND_LIMITS);
      if (withdrawn?.kind === 'edit' && withdrawn.replyTo !== undefined) {
        await index.endEdit({ id, seq, replyTo: withdrawn.replyTo });
      }
    },

    async findById(id) {
      const document = await messages.findOne({ _id: id }, { projection: { search: 0 }, ...COMMAND_LIMITS });
      return document ? toMessage(document) : undefined;
    },

    async findSent(senderId, clientMessageId, sinceMs) {
      const documents = await messages
        .find(
          { senderId, clientMessageId, createdAtMs: { $gte: sinceMs } },
          { projection: { trace: 0, search: 0 }, limit: 10, ...COMMAND_LIMITS },
        )
        .sort({ createdAtMs: 1 })
        .toArray();
      return documents.map(toMessage);
    },

    async sentSince(senderId, sinceMs, limit) {
      const documents = await messages
        .find(
          { senderId, createdAtMs: { $gte: sinceMs } },
          { projection: { _id: 0, clientMessageId: 1 }, limit, ...COMMAND_LIMITS },
        )
        .sort({ createdAtMs: -1 })
        .toArray();
      return documents.map(({ clientMessageId }) => clientMessageId);
    },

    async isEmpty() {
      return (await messages.findOne({}, { projection: { _id: 1 }, ...COMMAND_LIMITS })) === null;
    },

    search: index.search,
  };
}
