import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { MessageId, MessageRecord } from '@parley/protocol';
import { newTemporaryDirectory } from '@parley/testing';
import { newConversationId, newMessage } from '../new-message.ts';
import { Database } from './database.ts';
import { findMessage, readRange, saveBatch } from './messages.ts';
import { migrate } from './migrations.ts';
import { FIND_SENT, SENT_SINCE } from './sent-messages.ts';

const path = join(await newTemporaryDirectory(), 'history.sqlite');

test('a nested transaction rolls back alone, or with the outer one', () => {
  const database = new Database(path, { readOnly: false, busyTimeoutMs: 1_000 });
  migrate(database);
  const [kept, undone, lost] = [1, 2, 3].map((seq) => newMessage({ seq })) as [
    MessageRecord,
    MessageRecord,
    MessageRecord,
  ];
  const failing = (message: MessageRecord) => () => {
    saveBatch(database, [message]);
    throw new Error('fails');
  };
  database.transaction(() => {
    saveBatch(database, [kept]);
    expect(() => database.transaction(failing(undone))).toThrow('fails');
  });
  expect(() => database.transaction(() => database.transaction(failing(lost)))).toThrow('fails');
  const found = [kept, undone, lost].map(({ id }) => findMessage(database, id)?.id);
  expect(found).toEqual([kept.id, undefined, undefined]);
  database.close();
});

test('the schema rejects single invalid messages that skipped the shared check', () => {
  const database = new Database(path, { readOnly: false, busyTimeoutMs: 1_000 });
  migrate(database);
  migrate(database);
  const conversationId = newConversationId();
  const first = newMessage({ conversationId, seq: 1 });
  const last = newMessage({ conversationId, seq: 2 });
  const unchecked = [
    newMessage({ conversationId, seq: 0 }),
    newMessage({ conversationId, seq: 3, id: '' as MessageId }),
    { ...newMessage({ conversationId, seq: 4 }), createdAtMs: 'noon' } as unknown as MessageRecord,
  ];
  const rejected = saveBatch(database, [first, ...unchecked, last]);
  expect(rejected.map(({ id }) => id)).toEqual(unchecked.map(({ id }) => id));
  expect(rejected[0]?.reason).toContain('seq >= 1');
  expect(readRange(database, conversationId, 0, 10)).toEqual([first, last]);
  database.close();
});

test('the sent messages of a user are found by an index, without reading other messages', () => {
  const database = new Database(path, { readOnly: false, busyTimeoutMs: 1_000 });
  migrate(database);
  const planOf = (sql: string) =>
    database.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail);
  expect(planOf(FIND_SENT)).toEqual([expect.stringContaining('messagesByClientMessageId'), expect.any(String)]);
  expect(planOf(SENT_SINCE)).toEqual([expect.stringContaining('COVERING INDEX messagesBySender')]);
  database.close();
});
