import type { Db, Document } from 'mongodb';
import type { LastSeenStore } from '../last-seen-store.ts';
import type { MarkerRecord, MarkerStore } from '../marker-store.ts';
import { COMMAND_LIMITS } from './deadlines.ts';
import { COLLECTIONS, type LastSeenDocument, type MarkerDocument } from './documents.ts';
import { refusedDuplicates } from './errors.ts';

const toRecord = ({ _id, ...record }: MarkerDocument): MarkerRecord => record;

export function createMarkerStore(database: Db): MarkerStore {
  const markers = database.collection<MarkerDocument>(COLLECTIONS.markers);

  return {
    async saveBatch(batch) {
      await upsertAll(
        batch.map(({ userId, conversationId, ...numbers }) => ({
          updateOne: {
            filter: { _id: `${userId} ${conversationId}` },
            update: { $setOnInsert: { userId, conversationId }, $max: numbers },
            upsert: true,
          },
        })),
        (operations) => markers.bulkWrite(operations, { ordered: false, ...COMMAND_LIMITS }),
      );
    },

    async listForUser(userId) {
      return (await markers.find({ userId }, COMMAND_LIMITS).toArray()).map(toRecord);
    },

    async listForConversation(conversationId) {
      return (await markers.find({ conversationId }, COMMAND_LIMITS).toArray()).map(toRecord);
    },
  };
}

export function createLastSeenStore(database: Db): LastSeenStore {
  const times = database.collection<LastSeenDocument>(COLLECTIONS.lastSeen);

  return {
    async saveBatch(batch) {
      await upsertAll(
        batch.map(({ userId, lastSeenAtMs }) => ({
          updateOne: { filter: { _id: userId }, update: { $max: { lastSeenAtMs } }, upsert: true },
        })),
        (operations) => times.bulkWrite(operations, { ordered: false, ...COMMAND_LIMITS }),
      );
    },

    async findMany(userIds) {
      const documents = await times.find({ _id: { $in: [...userIds] } }, COMMAND_LIMITS).toArray();
      return documents.map(({ _id, lastSeenAtMs }) => ({ userId: _id, lastSeenAtMs }));
    },
  };
}

/** Runs upserts by id. One that meets a concurrent insert of the same id is repeated, and then updates it. */
async function upsertAll<Operation extends Document>(
  operations: readonly Operation[],
  run: (operations: readonly Operation[]) => Promise<unknown>,
): Promise<void> {
  if (operations.length === 0) return;
  try {
    await run(operations);
  } catch (error) {
    await run(refusedDuplicates(error).map(({ index }) => operations[index] as Operation));
  }
}
