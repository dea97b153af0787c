import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import {
  describeWithMongodb,
  eventually,
  newMongodb,
  type TestMongodb,
  WITHOUT_STORE_DEADLINES,
} from '@parley/testing';
import { type Db, MongoClient } from 'mongodb';
import type { Store } from '../store.ts';
import { openMongodbStore } from './open-mongodb-store.ts';

// Tests of features that some servers with MongoDB's protocol lack: they ignore validators and cannot explain query plans.

const mongodb = await newMongodb();

async function isComplete(url: string): Promise<boolean> {
  const client = new MongoClient(url);
  try {
    const probe = await client.db().createCollection('probe', { validator: { $jsonSchema: { required: ['a'] } } });
    await probe.insertOne({ b: 1 });
    return false;
  } catch {
    return true;
  } finally {
    await client.close();
  }
}

const complete: TestMongodb =
  mongodb.url !== undefined && !(await isComplete(mongodb.url))
    ? { url: undefined, missing: 'this MongoDB ignores validators: set MONGODB_URL to a real mongod' }
    : mongodb;

describeWithMongodb('the schema in MongoDB', complete, (url) => {
  let client: MongoClient;
  let database: Db;
  let store: Store;

  beforeAll(async () => {
    store = await openMongodbStore({ url, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
    client = new MongoClient(url);
    database = client.db();
  });

  afterAll(async () => {
    await client.close();
    await store.close();
  });

  test.each(['messages', 'messageChanges', 'users', 'conversations', 'members', 'refreshTokens'])(
    'refuses a document without the required fields of %s',
    async (name) => {
      await expect(database.collection(name).insertOne({})).rejects.toMatchObject({ code: 121 });
    },
  );

  test('reads a page, the newest seq and search hits from an index, and sorts no page', async () => {
    const messages = database.collection('messages');
    const page = await messages
      .find({ conversationId: 'c', seq: { $gte: 1, $lte: 50 } })
      .sort({ seq: 1 })
      .explain('queryPlanner');
    expect(JSON.stringify(page)).toContain('"IXSCAN"');
    expect(JSON.stringify(page)).not.toMatch(/"COLLSCAN"|"SORT"/);
    const newest = await messages.find({ conversationId: 'c' }).sort({ seq: -1 }).limit(1).explain('queryPlanner');
    expect(JSON.stringify(newest)).toContain('"IXSCAN"');
    expect(JSON.stringify(newest)).not.toMatch(/"COLLSCAN"|"SORT"/);
    const sent = await messages.find({ senderId: 'a', clientMessageId: 'b' }).explain('queryPlanner');
    expect(JSON.stringify(sent)).toContain('"senderId_1_clientMessageId_1"');
    const sentSince = await messages
      .find({ senderId: 'a', createdAtMs: { $gte: 1 } }, { projection: { _id: 0, clientMessageId: 1 } })
      .sort({ createdAtMs: -1 })
      .explain('queryPlanner');
    expect(JSON.stringify(sentSince)).toContain('"senderId_1_createdAtMs_1_clientMessageId_1"');
    expect(JSON.stringify(sentSince)).not.toMatch(/"COLLSCAN"|"SORT"/);
    const search = await database
      .collection('users')
      .find({ searchKeys: { $regex: '^ada' } })
      .explain('queryPlanner');
    expect(JSON.stringify(search)).toContain('"searchKeys_1"');
    await eventually(async () => {
      const hits = await messages
        .find({ conversationId: { $in: ['c', 'd'] }, $and: [{ 'search.tokens': { $regex: '^ada' } }] })
        .sort({ createdAtMs: -1, _id: -1 })
        .limit(10)
        .explain('queryPlanner');
      expect(JSON.stringify(hits)).toContain('"conversationId_1_search.tokens_1"');
    });
  });
});
