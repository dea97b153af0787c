import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import type { MessageRecord } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { eventually, newTemporaryDirectory, WITHOUT_STORE_DEADLINES } from '@parley/testing';
import { newConversationId, newMessage } from '../../src/new-message.ts';
import { openSqliteStore } from '../../src/sqlite/open-sqlite-store.ts';

const dataDir = await newTemporaryDirectory();
const open = () => openSqliteStore({ dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });

/** Restores the schema of the release before the search index. */
function dropSearch(): void {
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'));
  for (const table of [
    'messageChanges',
    'searchEntries',
    'searchIndex',
    'searchQueue',
    'searchBacklog',
    'markers',
    'lastSeen',
  ]) {
    database.exec(`DROP TABLE ${table}`);
  }
  for (const index of ['messagesByClientMessageId', 'messagesBySender', 'guestsBySignIn', 'listedUsers']) {
    database.exec(`DROP INDEX ${index}`);
  }
  for (const column of ['messages epoch', 'users lastSignInAtMs', 'users expiredAtMs', 'conversations activeAtMs']) {
    const [table, name] = column.split(' ');
    database.exec(`ALTER TABLE ${table} DROP COLUMN ${name}`);
  }
  database.exec('DELETE FROM migrations WHERE version >= 2');
  database.close();
}

test('messages that were saved before the search index existed are found once after a start', async () => {
  const conversationId = newConversationId();
  const old = Array.from({ length: 1_200 }, (_, index) =>
    newMessage({ conversationId, seq: index + 1, text: `old ${index}`, createdAtMs: 1_000 + index }),
  );
  const first = await open();
  await first.messages.saveBatch(old);
  await first.close();
  dropSearch();

  const stores = await Promise.all([open(), open()]);
  const [store] = stores;
  const say = (fields: Parameters<typeof newMessage>[0]) =>
    newMessage({ conversationId, createdAtMs: 9_000, ...fields });
  const edited = old.at(-1) as MessageRecord;
  await store.messages.saveBatch([
    say({ seq: 1_201, text: 'newer than the old ones' }),
    say({ seq: 1_202, kind: 'edit', replyTo: edited.id, text: 'rewritten' }),
  ]);
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
