import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from '@jest/globals';
import { openSqliteStore, StoreUnavailable } from '@parley/message-store';
import type { ClientMessageId, ConversationId, MessageId, MessageRecord, Seq, UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { newTemporaryDirectory, WITHOUT_STORE_DEADLINES } from '@parley/testing';
import { saveIsolating } from './save-isolating.ts';

const dataDir = await newTemporaryDirectory();
const store = await openSqliteStore({ dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
afterAll(() => store.close());

/** Makes SQLite fail, not only refuse the row, for each message with this text. */
function poison(): void {
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { timeout: 30_000 });
  database.exec(`CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.text = 'poison' BEGIN SELECT json('{'); END`);
  database.close();
}
poison();

const newBatch = (texts: readonly string[]): MessageRecord[] => {
  const conversationId = randomUUID() as ConversationId;
  return texts.map((text, index) => ({
    id: randomUUID() as MessageId,
    conversationId,
    seq: (index + 1) as Seq,
    senderId: 'ada' as UserId,
    clientMessageId: randomUUID() as ClientMessageId,
    kind: 'text',
    text,
    createdAtMs: 1,
  }));
};

const textsOf = async ([first]: readonly MessageRecord[]) =>
  (await store.messages.readRange(first?.conversationId as ConversationId, 1, 1_000)).map(({ text }) => text);

test('SQLite fails for a poisoned message, and for a whole batch with it', async () => {
  await expect(store.messages.saveBatch(newBatch(['poison']))).rejects.toThrow('malformed JSON');
  await expect(store.messages.saveBatch(newBatch(['a', 'poison']))).rejects.toThrow('malformed JSON');
});

test('the messages that the store fails for are rejected, and all others are saved with few writes', async () => {
  const texts = Array.from({ length: 500 }, (_, index) => (index === 123 || index === 400 ? 'poison' : `${index}`));
  const batch = newBatch(texts);
  let writes = 0;
  const counted: Pick<typeof store.messages, 'saveBatch'> = {
    saveBatch(messages) {
      writes += 1;
      return store.messages.saveBatch(messages);
    },
  };
  const rejected = await saveIsolating(counted, batch);
  expect(rejected).toEqual(
    [123, 400].map((index) => ({ id: batch[index]?.id, reason: expect.stringContaining('malformed JSON') })),
  );
  expect(await textsOf(batch)).toEqual(texts.filter((text) => text !== 'poison'));
  expect(writes).toBeLessThan(50);
});

test('a message that fails alone is rejected', async () => {
  const batch = newBatch(['poison']);
  const reason = expect.stringContaining('malformed JSON');
  expect(await saveIsolating(store.messages, batch)).toEqual([{ id: batch[0]?.id, reason }]);
});

test('when the store fails for every message of a batch, none is rejected', async () => {
  await expect(saveIsolating(store.messages, newBatch(['poison', 'poison', 'poison']))).rejects.toThrow(
    'malformed JSON',
  );
});

test('an unavailable store is not asked again for the parts of a batch', async () => {
  const closed = await openSqliteStore({ dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
  await closed.close();
  await expect(saveIsolating(closed.messages, newBatch(['a', 'b']))).rejects.toThrow(StoreUnavailable);
});
