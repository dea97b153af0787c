import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import type { LogEntry, MessageConsumer } from '../src/index.ts';
import { appendMany, conversation, newLogs, readAll, request, seqsOf } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

const idsOf = (entries: readonly LogEntry[]) => entries.map(({ entryId }) => entryId);

/** Waits until `count` entries have been idle for long enough, and reclaims them. */
const reclaimOf = (consumer: MessageConsumer, count: number) =>
  eventually(async () => {
    const batch = await consumer.reclaim({ maxEntries: 100 });
    expect(batch.entries).toHaveLength(count);
    return batch;
  });

describe('read', () => {
  test('returns each new entry once, complete, oldest first, at most maxEntries at a time', async () => {
    const log = await open.log({ keyPrefix: 'read' });
    const consumer = await open.consumer({ keyPrefix: 'read' });
    const sent = request();
    await log.append(sent);
    await appendMany(log, lobby, 2);
    const { entries, malformed } = await consumer.read({ maxEntries: 2, blockMs: 0 });
    expect(malformed).toEqual([]);
    expect(entries.map(({ deliveries }) => deliveries)).toEqual([1, 1]);
    expect(entries[0]?.message).toEqual({
      ...sent.draft,
      conversationId: 'lobby',
      seq: 1,
      createdAtMs: expect.any(Number),
    });
    expect(seqsOf(await readAll(consumer))).toEqual([3]);
    expect(await readAll(consumer)).toEqual({ entries: [], malformed: [] });
  });

  test('waits for the first entry, at most for blockMs', async () => {
    const log = await open.log({ keyPrefix: 'wait' });
    const consumer = await open.consumer({ keyPrefix: 'wait' });
    expect(await consumer.read({ maxEntries: 5, blockMs: 20 })).toEqual({ entries: [], malformed: [] });
    const reading = consumer.read({ maxEntries: 5, blockMs: 60_000 });
    await appendMany(log, lobby, 1);
    expect(seqsOf(await reading)).toEqual([1]);
  });

  test('delivers each entry to one of two workers', async () => {
    const log = await open.log({ keyPrefix: 'share' });
    const one = await open.consumer({ keyPrefix: 'share', consumerName: 'one' });
    const two = await open.consumer({ keyPrefix: 'share', consumerName: 'two' });
    await appendMany(log, lobby, 10);
    const first = await one.read({ maxEntries: 4, blockMs: 0 });
    expect(seqsOf(first)).toEqual([1, 2, 3, 4]);
    expect(seqsOf(await readAll(two))).toEqual([5, 6, 7, 8, 9, 10]);
  });

  test('first returns to a restarted worker its pending entries, with the deliveries counted', async () => {
    const log = await open.log({ keyPrefix: 'restart' });
    await appendMany(log, lobby, 5);
    const before = await open.consumer({ keyPrefix: 'restart' });
    const { entries } = await before.read({ maxEntries: 4, blockMs: 0 });
    await before.complete(entries.slice(1, 2));

    const after = await open.consumer({ keyPrefix: 'restart' });
    const batches = [
      await after.read({ maxEntries: 2, blockMs: 0 }),
      await after.read({ maxEntries: 2, blockMs: 0 }),
      await after.read({ maxEntries: 2, blockMs: 0 }),
    ];
    expect(batches.map(seqsOf)).toEqual([[1, 3], [4], [5]]);
    expect(batches.flatMap((batch) => batch.entries.map(({ deliveries }) => deliveries))).toEqual([2, 2, 2, 1]);
  });

  test('after a broken connection returns the entries whose delivery was lost, and no others', async () => {
    const log = await open.log({ keyPrefix: 'broken' });
    const consumer = await open.consumer({ keyPrefix: 'broken' });
    await appendMany(log, lobby, 2);
    expect(seqsOf(await readAll(consumer))).toEqual([1, 2]);

    const reading = consumer.read({ maxEntries: 5, blockMs: 60_000 });
    reading.catch(() => undefined);
    await open.cutBlockedRead();
    await expect(reading).rejects.toThrow();
    const next = request();
    await eventually(() => log.append(next));
    await log.append(request());
    // Delivers them under the same name to a reader that drops them.
    const sameName = ['GROUP', 'workers', 'worker-1', 'COUNT', 10, 'STREAMS', 'broken:{p0}:log', '>'] as const;
    await open.redis.client.xreadgroup(...sameName);

    await eventually(async () => expect(seqsOf(await readAll(consumer))).toEqual([3, 4]));
  });

  test('leaves out entries that were deleted while pending', async () => {
    const log = await open.log({ keyPrefix: 'deleted' });
    await appendMany(log, lobby, 3);
    const before = await open.consumer({ keyPrefix: 'deleted', reclaimAfterMs: 1 });
    const { entries } = await readAll(before);
    await open.redis.client.xdel('deleted:{p0}:log', ...idsOf(entries.slice(0, 2)));

    const after = await open.consumer({ keyPrefix: 'deleted', reclaimAfterMs: 1 });
    expect(await after.read({ maxEntries: 1, blockMs: 0 })).toEqual({ entries: [], malformed: [] });
    expect(await after.read({ maxEntries: 1, blockMs: 0 })).toEqual({ entries: [], malformed: [] });
    expect(seqsOf(await readAll(after))).toEqual([3]);
    await open.redis.client.xdel('deleted:{p0}:log', ...idsOf(entries));
    await eventually(async () => {
      expect(await after.reclaim({ maxEntries: 10 })).toEqual({ entries: [], malformed: [] });
      expect((await open.redis.client.xpending('deleted:{p0}:log', 'workers'))[0]).toBe(0);
    });
  });
});

describe('reclaim', () => {
  test('moves the entries of a dead worker to another, and counts the deliveries', async () => {
    const log = await open.log({ keyPrefix: 'dead' });
    const dead = await open.consumer({ keyPrefix: 'dead', consumerName: 'dead' });
    const living = await open.consumer({ keyPrefix: 'dead', consumerName: 'living', reclaimAfterMs: 30 });
    const third = await open.consumer({ keyPrefix: 'dead', consumerName: 'third', reclaimAfterMs: 30 });
    await appendMany(log, lobby, 3);
    await readAll(dead);
    const reclaimed = await reclaimOf(living, 3);
    expect(seqsOf(reclaimed)).toEqual([1, 2, 3]);
    expect(reclaimed.entries.map(({ deliveries }) => deliveries)).toEqual([2, 2, 2]);
    const again = await reclaimOf(third, 3);
    expect(again.entries.map(({ deliveries }) => deliveries)).toEqual([3, 3, 3]);
    await third.complete(again.entries);
    expect(await log.countInProcess()).toBe(0);
  });

  test('leaves entries that were read recently', async () => {
    const log = await open.log({ keyPrefix: 'busy' });
    const busy = await open.consumer({ keyPrefix: 'busy', consumerName: 'busy' });
    const other = await open.consumer({ keyPrefix: 'busy', consumerName: 'other', reclaimAfterMs: 60_000 });
    await appendMany(log, lobby, 3);
    await readAll(busy);
    expect(await other.reclaim({ maxEntries: 10 })).toEqual({ entries: [], malformed: [] });
  });

  test('returns at most maxEntries, and finds idle entries behind many others', async () => {
    const log = await open.log({ keyPrefix: 'behind' });
    const dead = await open.consumer({ keyPrefix: 'behind', consumerName: 'dead' });
    const other = await open.consumer({ keyPrefix: 'behind', consumerName: 'other', reclaimAfterMs: 30_000 });
    await appendMany(log, lobby, 100);
    const { entries } = await readAll(dead);
    // As if the last three had been read a minute ago.
    const idle = idsOf(entries.slice(-3));
    await open.redis.client.xclaim('behind:{p0}:log', 'workers', 'dead', 0, ...idle, 'IDLE', 60_000, 'JUSTID');
    expect(seqsOf(await other.reclaim({ maxEntries: 2 }))).toEqual([98, 99]);
    expect(seqsOf(await other.reclaim({ maxEntries: 2 }))).toEqual([100]);
  });
});

describe('extendClaim', () => {
  const idleMsOf = async (keyPrefix: string, entryId: string) => {
    const [pending] = await open.redis.client.xpending(`${keyPrefix}:{p0}:log`, 'workers', entryId, entryId, 1);
    return pending as [entryId: string, consumer: string, idleMs: number, deliveries: number];
  };
  const makeIdle = (keyPrefix: string, ids: string[]) =>
    open.redis.client.xclaim(`${keyPrefix}:{p0}:log`, 'workers', 'slow', 0, ...ids, 'IDLE', 60_000, 'JUSTID');

  test('prevents entries from being reclaimed, without counting a delivery', async () => {
    const log = await open.log({ keyPrefix: 'extend' });
    const slow = await open.consumer({ keyPrefix: 'extend', consumerName: 'slow' });
    const other = await open.consumer({ keyPrefix: 'extend', consumerName: 'other', reclaimAfterMs: 30_000 });
    await appendMany(log, lobby, 3);
    const ids = idsOf((await readAll(slow)).entries);
    await makeIdle('extend', ids);
    await slow.extendClaim(ids.slice(0, 2));
    expect(seqsOf(await other.reclaim({ maxEntries: 10 }))).toEqual([3]);
    const [, consumer, idleMs, deliveries] = await idleMsOf('extend', ids[0] as string);
    expect([consumer, deliveries]).toEqual(['slow', 1]);
    expect(idleMs).toBeLessThan(30_000);
  });

  test('does not take back entries that another worker reclaimed, nor restore completed ones', async () => {
    const log = await open.log({ keyPrefix: 'lost' });
    const slow = await open.consumer({ keyPrefix: 'lost', consumerName: 'slow' });
    const other = await open.consumer({ keyPrefix: 'lost', consumerName: 'other', reclaimAfterMs: 30_000 });
    await appendMany(log, lobby, 2);
    const { entries } = await readAll(slow);
    await slow.complete(entries.slice(1));
    await makeIdle('lost', idsOf(entries.slice(0, 1)));
    await other.reclaim({ maxEntries: 10 });
    await slow.extendClaim(idsOf(entries));
    await slow.extendClaim([]);
    expect((await idleMsOf('lost', entries[0]?.entryId as string))[1]).toBe('other');
    expect(await idleMsOf('lost', entries[1]?.entryId as string)).toBeUndefined();
  });
});

describe('close', () => {
  const namesIn = async (keyPrefix: string) => {
    const consumers = (await open.redis.client.xinfo('CONSUMERS', `${keyPrefix}:{p0}:log`, 'workers')) as unknown[][];
    return consumers.map((consumer) => consumer[consumer.indexOf('name') + 1]);
  };

  test('removes the name from the group, unless it has pending entries', async () => {
    const log = await open.log({ keyPrefix: 'close' });
    const idle = await open.consumer({ keyPrefix: 'close', consumerName: 'idle' });
    const busy = await open.consumer({ keyPrefix: 'close', consumerName: 'busy' });
    await readAll(idle);
    await appendMany(log, lobby, 1);
    await readAll(busy);
    await idle.close();
    await busy.close();
    expect(await namesIn('close')).toEqual(['busy']);
    const restarted = await open.consumer({ keyPrefix: 'close', consumerName: 'busy' });
    expect(seqsOf(await readAll(restarted))).toEqual([1]);
  });
});
