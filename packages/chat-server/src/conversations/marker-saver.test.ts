import { expect, test } from '@jest/globals';
import type { MarkerRecord } from '@parley/message-store';
import type { ConversationId, UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { MarkerSaver } from './marker-saver.ts';

const marker = (userId: string, readSeq: number, deliveredSeq = 0): MarkerRecord => ({
  userId: userId as UserId,
  conversationId: 'lobby' as ConversationId,
  readSeq,
  readAtMs: readSeq * 100,
  deliveredSeq,
});

/** Records the batches; the first ones fail. */
function newSaver(failures = 0) {
  const batches: (readonly MarkerRecord[])[] = [];
  let left = failures;
  const saver = new MarkerSaver({
    store: {
      async saveBatch(batch) {
        left -= 1;
        if (left >= 0) throw new Error('unavailable');
        batches.push(batch);
      },
      listForUser: async () => [],
      listForConversation: async () => [],
    },
    logger: silentLogger(),
  });
  return { saver, batches };
}

test('saves the largest numbers of each marker once', async () => {
  const { saver, batches } = newSaver();
  for (const each of [marker('ada', 3), marker('ada', 0, 4), marker('ada', 2), marker('bo', 1)]) saver.add(each);
  await saver.save();
  await saver.save();
  expect(batches).toEqual([[{ ...marker('ada', 3, 4) }, marker('bo', 1)]]);
});

test('keeps the markers of a failed write for the next one', async () => {
  const { saver, batches } = newSaver(1);
  saver.add(marker('ada', 1));
  await expect(saver.save()).rejects.toThrow('unavailable');
  saver.add(marker('ada', 2));
  await saver.save();
  expect(batches).toEqual([[marker('ada', 2)]]);
});

test('a marker that moves during a write is saved again', async () => {
  const { saver, batches } = newSaver();
  saver.add(marker('ada', 1));
  const saving = saver.save();
  saver.add(marker('ada', 2));
  await saving;
  await saver.save();
  expect(batches).toEqual([[marker('ada', 1)], [marker('ada', 2)]]);
});

test('splits many markers into several writes, and bounds how many wait', async () => {
  const { saver, batches } = newSaver(1);
  for (let i = 0; i < 100_500; i += 1) saver.add(marker(`u${i}`, 1));
  await expect(saver.save()).rejects.toThrow('unavailable');
  await saver.save();
  expect(batches.map(({ length }) => length)).toEqual(Array.from({ length: 100 }, () => 1_000));
});
