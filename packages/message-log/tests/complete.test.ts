import { describe, expect, test } from '@jest/globals';
import type { MessageLog } from '../src/index.ts';
import { appendMany, conversation, newLogs, readAll, request, type StoredHeads } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

const storedSeq = async (log: MessageLog) => (await log.states([lobby]))[0]?.storedSeq;

async function windowOf(log: MessageLog) {
  const page = await log.readRecent(lobby, { limit: 1_000 });
  return page.messages.map(({ seq }) => seq as number);
}

describe('complete', () => {
  test('removes the entries and advances the committed offset of each conversation', async () => {
    const log = await open.log({ keyPrefix: 'marks' });
    const consumer = await open.consumer({ keyPrefix: 'marks' });
    for (const id of ['a', 'b', 'c']) await appendMany(log, conversation(id), 4);
    expect(await log.countInProcess()).toBe(12);
    const { entries } = await readAll(consumer);
    const done = entries.filter(({ message }) => message.conversationId !== 'c' && message.seq <= 3);
    const offsets = await consumer.complete(done.reverse());
    expect(offsets.sort((x, y) => x.conversationId.localeCompare(y.conversationId))).toEqual([
      { conversationId: 'a', storedSeq: 3, epoch: expect.any(String) },
      { conversationId: 'b', storedSeq: 3, epoch: expect.any(String) },
    ]);
    expect(await log.countInProcess()).toBe(6);
    expect((await log.states(['a', 'b', 'c'].map(conversation))).map((state) => state?.storedSeq)).toEqual([3, 3, 0]);
    expect(await consumer.complete([])).toEqual([]);
  });

  test('handles a batch that is larger than one call', async () => {
    const log = await open.log({ keyPrefix: 'large', maxInProcess: 2_000 });
    const consumer = await open.consumer({ keyPrefix: 'large', keepRecent: 5 });
    await appendMany(log, lobby, 1_700);
    const { entries } = await consumer.read({ maxEntries: 2_000, blockMs: 0 });
    await consumer.extendClaim(entries.map(({ entryId }) => entryId));
    expect(await consumer.complete(entries)).toMatchObject([{ conversationId: 'lobby', storedSeq: 1_700 }]);
    expect(await windowOf(log)).toEqual([1_696, 1_697, 1_698, 1_699, 1_700]);
    expect(await log.countInProcess()).toBe(0);
  });

  test('advances the committed offset only without a gap, whichever worker completes first', async () => {
    const log = await open.log({ keyPrefix: 'order' });
    const one = await open.consumer({ keyPrefix: 'order', consumerName: 'one', keepRecent: 2 });
    const two = await open.consumer({ keyPrefix: 'order', consumerName: 'two', keepRecent: 2 });
    await appendMany(log, lobby, 10);
    const first = (await one.read({ maxEntries: 4, blockMs: 0 })).entries;
    const second = (await two.read({ maxEntries: 6, blockMs: 0 })).entries;

    expect(await two.complete(second.slice(1, 5))).toMatchObject([{ conversationId: 'lobby', storedSeq: 0 }]);
    expect(await windowOf(log)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await one.complete(first.slice(0, 3))).toMatchObject([{ conversationId: 'lobby', storedSeq: 3 }]);
    expect(await windowOf(log)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await one.complete(first.slice(3))).toMatchObject([{ conversationId: 'lobby', storedSeq: 4 }]);
    expect(await two.complete(second.slice(0, 1))).toMatchObject([{ conversationId: 'lobby', storedSeq: 9 }]);
    expect(await windowOf(log)).toEqual([8, 9, 10]);
    expect(await open.redis.client.exists('order:{p0}:done:lobby')).toBe(0);
    expect(await two.complete(second.slice(5))).toMatchObject([{ conversationId: 'lobby', storedSeq: 10 }]);
  });

  test('reaches the head and empties the log, whatever the order of concurrent completions', async () => {
    const log = await open.log({ keyPrefix: 'race' });
    const consumers = await Promise.all(
      ['one', 'two', 'three'].map((consumerName) => open.consumer({ keyPrefix: 'race', consumerName, keepRecent: 3 })),
    );
    await appendMany(log, lobby, 300);
    const { entries } = await readAll(consumers[0] as (typeof consumers)[number]);
    const shuffled = entries.toSorted((a, b) => hashed(a.message.seq) - hashed(b.message.seq));
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        await consumers[i % 3]?.complete(shuffled.slice(i * 3, i * 3 + 3));
        const state = (await log.states([lobby]))[0];
        const window = await windowOf(log);
        // The window always contains every message that is not stored.
        expect(window[0]).toBeLessThanOrEqual((state?.storedSeq ?? 0) + 1);
      }),
    );
    expect(await log.states([lobby])).toEqual([
      { headSeq: 300, storedSeq: 300, membersVersion: '', epoch: expect.any(String) },
    ]);
    expect(await windowOf(log)).toEqual([298, 299, 300]);
    expect(await log.countInProcess()).toBe(0);
    expect(await open.redis.client.exists('race:{p0}:done:lobby')).toBe(0);
  });

  test('may be repeated, by the same worker and by one that reclaimed the entries', async () => {
    const log = await open.log({ keyPrefix: 'repeat' });
    const one = await open.consumer({ keyPrefix: 'repeat', consumerName: 'one' });
    const two = await open.consumer({ keyPrefix: 'repeat', consumerName: 'two' });
    await appendMany(log, lobby, 6);
    const { entries } = await readAll(one);
    const later = entries.slice(3, 5);
    for (const consumer of [one, one, two]) {
      expect(await consumer.complete(later)).toMatchObject([{ conversationId: 'lobby', storedSeq: 0 }]);
      expect(await log.countInProcess()).toBe(4);
    }
    for (const consumer of [one, two, one]) {
      expect(await consumer.complete(entries.slice(0, 4))).toMatchObject([{ conversationId: 'lobby', storedSeq: 5 }]);
      expect(await log.countInProcess()).toBe(1);
    }
    expect(await storedSeq(log)).toBe(5);
    expect(await log.append(request())).toMatchObject({ seq: 7 });
  });

  test('completes entries while memory is full', async () => {
    const log = await open.log({ keyPrefix: 'full' });
    const consumer = await open.consumer({ keyPrefix: 'full' });
    await appendMany(log, lobby, 3);
    const { entries } = await readAll(consumer);
    await open.redis.client.config('SET', 'maxmemory', '1');
    try {
      expect(await consumer.complete(entries)).toMatchObject([{ conversationId: 'lobby', storedSeq: 3 }]);
    } finally {
      await open.redis.client.config('SET', 'maxmemory', '0');
    }
  });

  test('has no effect for entries that Redis has lost with the conversation', async () => {
    const storedHeads: StoredHeads = {};
    const log = await open.log({ keyPrefix: 'lost', storedHeads });
    const consumer = await open.consumer({ keyPrefix: 'lost' });
    await appendMany(log, lobby, 5);
    const { entries } = await readAll(consumer);
    await open.redis.client.flushall();
    expect(await consumer.complete(entries)).toEqual([]);
    expect(await open.redis.client.exists('lost:{p0}:conversation:lobby')).toBe(0);
    storedHeads.lobby = 5;
    expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 6 });
    expect(await storedSeq(log)).toBe(5);
  });

  test('has no effect for entries that Redis has lost with its newest writes', async () => {
    const log = await open.log({ keyPrefix: 'tail' });
    const consumer = await open.consumer({ keyPrefix: 'tail' });
    await appendMany(log, lobby, 5);
    const { entries } = await readAll(consumer);
    await open.redis.client.hset('tail:{p0}:conversation:lobby', 'head', 2);
    await open.redis.client.xdel('tail:{p0}:log', ...entries.slice(2).map(({ entryId }) => entryId));
    expect(await consumer.complete(entries.slice(3))).toMatchObject([{ conversationId: 'lobby', storedSeq: 0 }]);
    expect(await log.states([lobby])).toMatchObject([{ headSeq: 2, storedSeq: 0 }]);
    expect(await consumer.complete(entries)).toMatchObject([{ conversationId: 'lobby', storedSeq: 2 }]);
  });

  test('reports no committed offset while the head is unknown in the current epoch', async () => {
    const log = await open.log({ keyPrefix: 'ended' });
    const consumer = await open.consumer({ keyPrefix: 'ended' });
    await appendMany(log, lobby, 2);
    const { entries } = await readAll(consumer);
    await open.redis.client.set('ended:{p0}:run-id', `${'0'.repeat(40)} 1767225600000`);
    expect(await consumer.complete(entries.slice(0, 1))).toEqual([]);
    expect(await storedSeq(log)).toBe(1);
    expect(await consumer.complete(entries)).toMatchObject([{ storedSeq: 2 }]);
  });
});

const hashed = (seq: number) => (seq * 7_919) % 1_009;
