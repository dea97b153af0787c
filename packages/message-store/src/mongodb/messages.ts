import type { MessageRecord, Seq } from '@parley/protocol';
import type { Db, Filter } from 'mongodb';
import { judgeConflict, type StoredPlace } from '../message-conflict.ts';
import type { MessageStore, Rejection, TracedMessage } from '../message-store.ts';
import { StoreUnavailable } from '../store.ts';
import { splitStorable } from '../validate-message.ts';
import { COMMAND_LIMITS } from './deadlines.ts';
import { COLLECTIONS, type MessageDocument } from './documents.ts';
import { DOCUMENT_VALIDATION_FAILURE, DUPLICATE_KEY, refusedWrites } from './errors.ts';
import { toDocument, toMessage } from './message-documents.ts';
import type { MessageIndex } from './message-search.ts';

const keyOf = ({ conversationId, seq }: StoredPlace): string => `${conversationId}:${seq}`;

export function createMessageStore(database: Db, index: MessageIndex): MessageStore {
  const messages = database.collection<MessageDocument>(COLLECTIONS.messages);

  /**
   * Inserts, not upserts: half the work for the server, routed by the shard key, and just as safe to repeat, since a message
   * that is there already is a duplicate key and then recognised.
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
      return rejected.concat(await judge(duplicates));
    }
  }

  async function judge(duplicates: readonly MessageRecord[]): Promise<Rejection[]> {
    if (duplicates.length === 0) return [];
    const byId = new Map<string, StoredPlace>();
    for (const place of await findPlaces({ _id: { $in: duplicates.map(({ id }) => id) } })) byId.set(place.id, place);
    const otherIds = duplicates.filter(({ id }) => !byId.has(id));
    const byPlace = new Map<string, StoredPlace>();
    if (otherIds.length > 0) {
      const places = otherIds.map(({ conversationId, seq }) => ({ conversationId, seq }));
      for (const place of await findPlaces({ $or: places })) byPlace.set(keyOf(place), place);
    }
    return duplicates.flatMap((message) => {
      const verdict = judgeConflict(message, byId.get(message.id), byPlace.get(keyOf(message)));
      // What was in its way is not on a majority yet, or was rolled back: only another attempt can tell.
      if (verdict.kind === 'none') throw new StoreUnavailable(`message ${message.id} met a write that is not durable`);
      return verdict.kind === 'taken' ? [{ id: message.id, reason: verdict.reason }] : [];
    });
  }

  async function findPlaces(filter: Filter<MessageDocument>): Promise<StoredPlace[]> {
    const documents = await messages
      .find(filter, { projection: { conversationId: 1, seq: 1 }, ...COMMAND_LIMITS })
      .toArray();
    return documents.map(({ _id, conversationId, seq }) => ({ id: _id, conversationId, seq }));
  }

  return {
    async saveBatch(batch) {
      const { storable, rejected } = splitStorable(batch);
      if (storable.length > 0) {
        rejected.push(...(await save(storable)));
        // Those that were there before, too: whoever saved them may have died before it came to this.
        const rejectedIds = new Set(rejected.map(({ id }) => id));
        await index.applyChanges(storable.filter(({ id }) => !rejectedIds.has(id)));
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

    async headSeq(conversationId) {
      const newest = await messages.findOne(
        { conversationId },
        { sort: { seq: -1 }, projection: { seq: 1 }, ...COMMAND_LIMITS },
      );
      return newest?.seq ?? 0;
    },

    async findById(id) {
      const document = await messages.findOne({ _id: id }, { projection: { search: 0 }, ...COMMAND_LIMITS });
      return document ? toMessage(document) : undefined;
    },

    search: index.search,
  };
}
