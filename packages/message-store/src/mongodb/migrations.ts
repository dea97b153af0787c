import { ASSISTANT_ID } from '@parley/protocol';
import { type CreateIndexesOptions, type Db, type IndexSpecification, MongoServerError } from 'mongodb';
import { COMMAND_LIMITS } from './deadlines.ts';
import { COLLECTIONS, type MigrationDocument, type UserDocument } from './documents.ts';
import { NAMESPACE_EXISTS } from './errors.ts';
import { prepareSearch } from './message-search.ts';

/** A migration is idempotent and may run in several processes at once, so no lock is needed. */
interface Migration {
  readonly name: string;
  run(database: Db): Promise<void>;
}

interface CollectionPlan {
  readonly name: string;
  readonly required: Readonly<Record<string, 'string' | 'number' | 'array' | 'objectId'>>;
  readonly optional?: Readonly<Record<string, 'string' | 'object'>>;
  readonly indexes: readonly (readonly [IndexSpecification, CreateIndexesOptions?])[];
}

const INITIAL_COLLECTIONS: readonly CollectionPlan[] = [
  {
    name: COLLECTIONS.messages,
    required: {
      _id: 'string',
      conversationId: 'string',
      seq: 'number',
      senderId: 'string',
      clientMessageId: 'string',
      kind: 'string',
      createdAtMs: 'number',
    },
    optional: { text: 'string', media: 'object', replyTo: 'string', trace: 'object' },
    indexes: [[{ conversationId: 1, seq: 1 }, { unique: true }]],
  },
  {
    name: COLLECTIONS.users,
    required: {
      _id: 'string',
      username: 'string',
      usernameKey: 'string',
      displayName: 'string',
      searchKeys: 'array',
      createdAtMs: 'number',
    },
    optional: { passwordHash: 'string' },
    indexes: [[{ usernameKey: 1 }, { unique: true }], [{ searchKeys: 1 }]],
  },
  {
    name: COLLECTIONS.conversations,
    required: { _id: 'string', kind: 'string', createdBy: 'string', createdAtMs: 'number' },
    optional: { title: 'string', pairKey: 'string' },
    indexes: [[{ pairKey: 1 }, { unique: true, sparse: true }]],
  },
  {
    name: COLLECTIONS.members,
    required: { _id: 'objectId', conversationId: 'string', userId: 'string', joinedAtMs: 'number' },
    indexes: [
      [{ conversationId: 1, userId: 1 }, { unique: true }],
      [{ conversationId: 1, joinedAtMs: 1, _id: 1 }],
      [{ userId: 1 }],
    ],
  },
  {
    name: COLLECTIONS.refreshTokens,
    required: {
      _id: 'string',
      userId: 'string',
      validTokenHash: 'string',
      usedTokenHashes: 'array',
      expiresAtMs: 'number',
    },
    indexes: [[{ validTokenHash: 1 }, { unique: true }], [{ usedTokenHashes: 1 }], [{ expiresAtMs: 1 }]],
  },
];

const CHANGES_COLLECTION: CollectionPlan = {
  name: COLLECTIONS.changes,
  required: { _id: 'string', targetId: 'string', conversationId: 'string', kind: 'string', seq: 'number' },
  indexes: [[{ targetId: 1 }]],
};

const MARKER_COLLECTIONS: readonly CollectionPlan[] = [
  {
    name: COLLECTIONS.markers,
    required: {
      _id: 'string',
      userId: 'string',
      conversationId: 'string',
      readSeq: 'number',
      readAtMs: 'number',
      deliveredSeq: 'number',
    },
    indexes: [[{ userId: 1 }], [{ conversationId: 1 }]],
  },
  { name: COLLECTIONS.lastSeen, required: { _id: 'string', lastSeenAtMs: 'number' }, indexes: [] },
];

/** An index of a filled collection takes longer than a command. Less than the deadline of opening, so the error is the server's. */
const INDEX_DEADLINE_MS = 25_000;

/** In order. The version is the position, from 1. A released migration never changes. */
const MIGRATIONS: readonly Migration[] = [
  {
    name: 'messages, users, conversations, members, refresh tokens',
    async run(database) {
      for (const plan of INITIAL_COLLECTIONS) await createCollection(database, plan);
    },
  },
  {
    name: 'message search, edits and deletions',
    async run(database) {
      await createCollection(database, CHANGES_COLLECTION);
      await prepareSearch(database);
    },
  },
  {
    name: 'read markers, receipts, last-seen times',
    async run(database) {
      for (const plan of MARKER_COLLECTIONS) await createCollection(database, plan);
    },
  },
  {
    name: 'messages by sender',
    async run(database) {
      await createIndexes(database, COLLECTIONS.messages, [
        [{ senderId: 1, clientMessageId: 1 }],
        [{ senderId: 1, createdAtMs: 1, clientMessageId: 1 }],
      ]);
    },
  },
  {
    name: 'guests expire',
    async run(database) {
      // When the guests of earlier releases last signed in is not known: their time begins now.
      await database
        .collection<UserDocument>(COLLECTIONS.users)
        .updateMany(
          { passwordHash: { $exists: false }, lastSignInAtMs: { $exists: false }, _id: { $ne: ASSISTANT_ID } },
          { $set: { lastSignInAtMs: Date.now() } },
          { maxTimeMS: INDEX_DEADLINE_MS },
        );
      await createIndexes(database, COLLECTIONS.users, [
        [{ expiredAtMs: 1, lastSignInAtMs: 1 }],
        [{ expiredAtMs: 1, usernameKey: 1 }],
      ]);
    },
  },
];

async function createCollection(database: Db, { name, required, optional, indexes }: CollectionPlan): Promise<void> {
  const properties = Object.fromEntries(
    Object.entries({ ...required, ...optional }).map(([field, bsonType]) => [field, { bsonType }]),
  );
  const validator = { $jsonSchema: { bsonType: 'object', required: Object.keys(required), properties } };
  try {
    await database.createCollection(name, { validator, ...COMMAND_LIMITS });
  } catch (error) {
    // Another process has created it.
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
  }
  await createIndexes(database, name, indexes);
}

async function createIndexes(database: Db, collection: string, indexes: CollectionPlan['indexes']): Promise<void> {
  for (const [fields, options] of indexes) {
    await database.collection(collection).createIndex(fields, { ...options, maxTimeMS: INDEX_DEADLINE_MS });
  }
}

/**
 * Migrates collections and indexes. Migrations only add to the schema, so an older release works with it during an upgrade of the
 * cluster.
 */
export async function migrate(database: Db): Promise<void> {
  const records = database.collection<MigrationDocument>(COLLECTIONS.migrations);
  const applied = new Set((await records.find({}, COMMAND_LIMITS).toArray()).map(({ _id }) => _id));
  for (const [index, migration] of MIGRATIONS.entries()) {
    const version = index + 1;
    if (applied.has(version)) continue;
    await migration.run(database);
    const record = { name: migration.name, appliedAtMs: Date.now() };
    await records.updateOne({ _id: version }, { $setOnInsert: record }, { upsert: true, ...COMMAND_LIMITS });
  }
}
