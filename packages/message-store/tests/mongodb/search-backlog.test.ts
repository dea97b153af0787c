import { expect, test } from '@jest/globals';
import type { MessageRecord } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { describeWithMongodb, eventually, newMongodb } from '@parley/testing';
import { MongoClient } from 'mongodb';
import { openMongodbStore } from '../../src/mongodb/open-mongodb-store.ts';
import { newConversationId, newMessage } from '../../src/new-message.ts';

describeWithMongodb('the search backlog in MongoDB', await newMongodb(), (url) => {
  const open = () => openMongodbStore({ url, logger: silentLogger(), deadlineMs: 60_000 });

  /** Restores the schema of the release before the search index. */
  async function dropSearch(): Promise<void> {
    const client = new MongoClient(url);
    const database = client.db();
    await database.collection('messages').updateMany({}, { $unset: { search: '' } });
    for (const name of ['messageChanges', 'searchBacklog']) await database.collection(name).drop();
    await database.collection<{ _id: number }>('migrations').deleteOne({ _id: 2 });
    await client.close();
  }

  test('messages that were saved before the search index existed are found once after a start', async () => {
    const conversationId = newConversationId();
    const old = Array.from({ length: 600 }, (_, index) =>
      newMessage({ conversationId, seq: index + 1, text: `old ${index}`, createdAtMs: 1_000 + index }),
    );
    const first = await open();
    for (let from = 0; from < old.length; from += 100) await first.messages.saveBatch(old.slice(from, from + 100));
    await first.close();
    await dropSearch();

    const stores = await Promise.all([open(), open()]);
    const [store] = stores;
    const say = (fields: Parameters<typeof newMessage>[0]) =>
      newMessage({ conversationId, createdAtMs: 9_000, ...fields });
    const edited = old.at(-1) as MessageRecord;
    const later = [
      say({ seq: 601, text: 'newer than the old ones' }),
      say({ seq: 602, kind: 'edit', replyTo: edited.id, text: 'rewritten' }),
    ];
    // Some servers with MongoDB's protocol refuse writes while an index is being built.
    await eventually(() => store.messages.saveBatch(later));
    const expected = [
      'newer than the old ones',
      ...old
        .slice(0, -1)
        .toReversed()
        .map(({ text }) => text),
    ];
    const search = (text: string) => store.messages.search({ text, conversationIds: [conversationId], limit: 2_000 });
    await eventually(async () => expect((await search('old')).map(({ text }) => text)).toEqual(expected));
    expect(await search('rewritten')).toEqual([{ ...edited, text: 'rewritten' }]);
    await Promise.all(stores.map((each) => each.close()));
  });
});
