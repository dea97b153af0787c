import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import type { LogEntry, MessageConsumer } from '../src/index.ts';
import { acceptMany, conversation, newLogs, readAll, request, seqsOf } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

const idsOf = (entries: readonly LogEntry[]) => entries.map(({ entryId }) => entryId);

/** Waits until so many entries have been idle for long enough, and takes them over. */
const takeOverOf = (consumer: MessageConsumer, count: number) =>
  eventually(async () => {
    const batch = await consumer.takeOver({ maxEntries: 100 });
    expect(batch.entries).toHaveLength(count);
    return batch;
  });

describe('read', () => {
  test('gives new entries once, oldest first, whole, in portions', async () => {
    const log = await open.log({ keyPrefix: 'read' });
    const consumer = await open.consumer({ keyPrefix: 'read' });
    await log.seed(lobby, 0);
    const sent = request();
    await log.accept(sent);
    await acceptMany(log, lobby, 2);
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

  test('waits for the first entry, and no longer than it may', async () => {
    const log = await open.log({ keyPrefix: 'wait' });
    const consumer = await open.consumer({ keyPrefix: 'wait' });
    expect(await consumer.read({ maxEntries: 5, blockMs: 20 })).toEqual({ entries: [], malformed: [] });
    const reading = consumer.read({ maxEntries: 5, blockMs: 60_000 });
    await acceptMany(log, lobby, 1);
    expect(seqsOf(await reading)).toEqual([1]);
  });

  test('gives each entry to one of two workers', async () => {
    const log = await open.log({ keyPrefix: 'share' });
    const one = await open.consumer({ keyPrefix: 'share', consumerName: 'one' });
    const two = await open.consumer({ keyPrefix: 'share', consumerName: 'two' });
    await acceptMany(log, lobby, 10);
    const first = await one.read({ maxEntries: 4, blockMs: 0 });
    expect(seqsOf(first)).toEqual([1, 2, 3, 4]);
    expect(seqsOf(await readAll(two))).toEqual([5, 6, 7, 8, 9, 10]);
  });

  test('first gives a restarted worker what was pending under its name, with the deliveries counted', async () => {
    const log = await open.log({ keyPrefix: 'restart' });
    await acceptMany(log, lobby, 5);
    const before = await open.consumer({ keyPrefix: 'restart' });
    const { entries } = await before.read({ maxEntries: 4, blockMs: 0 });
    await before.complete(entries.slice(1, 2));

    const after = await open.consumer({ keyPrefix: 'restart' });
    const portions = [
      await after.read({ maxEntries: 2, blockMs: 0 }),
      await after.read({ maxEntries: 2, blockMs: 0 }),
      await after.read({ maxEntries: 2, blockMs: 0 }),
    ];
    expect(portions.map(seqsOf)).toEqual([[1, 3], [4], [5]]);
    expect(portions.flatMap((portion) => portion.entries.map(({ deliveries }) => deliveries))).toEqual([2, 2, 2, 1]);
  });

  test('after a broken connection gives what was handed over but did not arrive, and not what did', async () => {
    const log = await open.log({ keyPrefix: 'broken' });
    const consumer = await open.consumer({ keyPrefix: 'broken' });
    await acceptMany(log, lobby, 2);
    expect(seqsOf(await readAll(consumer))).toEqual([1, 2]);

    const reading = consumer.read({ maxEntries: 5, blockMs: 60_000 });
    reading.catch(() => undefined);
    await open.cutBlockedRead();
    await expect(reading).rejects.toThrow();
    const next = request();
    await eventually(() => log.accept(next));
    await log.accept(request());
    // Redis hands them over, and nobody gets them.
    const sameName = ['GROUP', 'workers', 'worker-1', 'COUNT', 10, 'STREAMS', 'broken:{p0}:log', '>'] as const;
    await open.redis.client.xreadgroup(...sameName);

    await eventually(async () => expect(seqsOf(await readAll(consumer))).toEqual([3, 4]));
  });

  test('does not show entries that were deleted while pending', async () => {
    const log = await open.log({ keyPrefix: 'deleted' });
    await acceptMany(log, lobby, 3);
    const before = await open.consumer({ keyPrefix: 'deleted', takeOverAfterMs: 1 });
    const { entries } = await readAll(before);
    await open.redis.client.xdel('deleted:{p0}:log', ...idsOf(entries.slice(0, 2)));

    const after = await open.consumer({ keyPrefix: 'deleted', takeOverAfterMs: 1 });
    expect(await after.read({ maxEntries: 1, blockMs: 0 })).toEqual({ entries: [], malformed: [] });
    expect(await after.read({ maxEntries: 1, blockMs: 0 })).toEqual({ entries: [], malformed: [] });
    expect(seqsOf(await readAll(after))).toEqual([3]);
    await open.redis.client.xdel('deleted:{p0}:log', ...idsOf(entries));
    await eventually(async () => {
      expect(await after.takeOver({ maxEntries: 10 })).toEqual({ entries: [], malformed: [] });
      expect((await open.redis.client.xpending('deleted:{p0}:log', 'workers'))[0]).toBe(0);
    });
  });
});

describe('takeOver', () => {
  test('gives the entries of a silent worker to another, and counts the deliveries', async () => {
    const log = await open.log({ keyPrefix: 'dead' });
    const dead = await open.consumer({ keyPrefix: 'dead', consumerName: 'dead' });
    const living = await open.consumer({ keyPrefix: 'dead', consumerName: 'living', takeOverAfterMs: 30 });
    const third = await open.consumer({ keyPrefix: 'dead', consumerName: 'third', takeOverAfterMs: 30 });
    await acceptMany(log, lobby, 3);
    await readAll(dead);
    const taken = await takeOverOf(living, 3);
    expect(seqsOf(taken)).toEqual([1, 2, 3]);
    expect(taken.entries.map(({ deliveries }) => deliveries)).toEqual([2, 2, 2]);
    const again = await takeOverOf(third, 3);
    expect(again.entries.map(({ deliveries }) => deliveries)).toEqual([3, 3, 3]);
    await third.complete(again.entries);
    expect(await log.inProcess()).toBe(0);
  });

  test('leaves alone what a worker has only just read', async () => {
    const log = await open.log({ keyPrefix: 'busy' });
    const busy = await open.consumer({ keyPrefix: 'busy', consumerName: 'busy' });
    const other = await open.consumer({ keyPrefix: 'busy', consumerName: 'other', takeOverAfterMs: 60_000 });
    await acceptMany(log, lobby, 3);
    await readAll(busy);
    expect(await other.takeOver({ maxEntries: 10 })).toEqual({ entries: [], malformed: [] });
  });

  test('takes no more than asked for, and finds idle entries behind many that are kept', async () => {
    const log = await open.log({ keyPrefix: 'behind' });
    const dead = await open.consumer({ keyPrefix: 'behind', consumerName: 'dead' });
    const other = await open.consumer({ keyPrefix: 'behind', consumerName: 'other', takeOverAfterMs: 30_000 });
    await acceptMany(log, lobby, 100);
    const { entries } = await readAll(dead);
    // As if the last three had been read a minute ago.
    const idle = idsOf(entries.slice(-3));
    await open.redis.client.xclaim('behind:{p0}:log', 'workers', 'dead', 0, ...idle, 'IDLE', 60_000, 'JUSTID');
    expect(seqsOf(await other.takeOver({ maxEntries: 2 }))).toEqual([98, 99]);
    expect(seqsOf(await other.takeOver({ maxEntries: 2 }))).toEqual([100]);
  });
});

describe('keep', () => {
  const idleMsOf = async (keyPrefix: string, entryId: string) => {
    const [pending] = await open.redis.client.xpending(`${keyPrefix}:{p0}:log`, 'workers', entryId, entryId, 1);
    return pending as [entryId: string, consumer: string, idleMs: number, deliveries: number];
  };
  const makeIdle = (keyPrefix: string, ids: string[]) =>
    open.redis.client.xclaim(`${keyPrefix}:{p0}:log`, 'workers', 'slow', 0, ...ids, 'IDLE', 60_000, 'JUSTID');

  test('protects entries from being taken over, without counting as a delivery', async () => {
    const log = await open.log({ keyPrefix: 'keep' });
    const slow = await open.consumer({ keyPrefix: 'keep', consumerName: 'slow' });
    const other = await open.consumer({ keyPrefix: 'keep', consumerName: 'other', takeOverAfterMs: 30_000 });
    await acceptMany(log, lobby, 3);
    const ids = idsOf((await readAll(slow)).entries);
    await makeIdle('keep', ids);
    await slow.keep(ids.slice(0, 2));
    expect(seqsOf(await other.takeOver({ maxEntries: 10 }))).toEqual([3]);
    const [, consumer, idleMs, deliveries] = await idleMsOf('keep', ids[0] as string);
    expect([consumer, deliveries]).toEqual(['slow', 1]);
    expect(idleMs).toBeLessThan(30_000);
  });

  test('does not take back what another has taken over, nor revive what is completed', async () => {
    const log = await open.log({ keyPrefix: 'lost' });
    const slow = await open.consumer({ keyPrefix: 'lost', consumerName: 'slow' });
    const other = await open.consumer({ keyPrefix: 'lost', consumerName: 'other', takeOverAfterMs: 30_000 });
    await acceptMany(log, lobby, 2);
    const { entries } = await readAll(slow);
    await slow.complete(entries.slice(1));
    await makeIdle('lost', idsOf(entries.slice(0, 1)));
    await other.takeOver({ maxEntries: 10 });
    await slow.keep(idsOf(entries));
    await slow.keep([]);
    expect((await idleMsOf('lost', entries[0]?.entryId as string))[1]).toBe('other');
    expect(await idleMsOf('lost', entries[1]?.entryId as string)).toBeUndefined();
  });
});

describe('close', () => {
  const namesIn = async (keyPrefix: string) => {
    const consumers = (await open.redis.client.xinfo('CONSUMERS', `${keyPrefix}:{p0}:log`, 'workers')) as unknown[][];
    return consumers.map((consumer) => consumer[consumer.indexOf('name') + 1]);
  };

  test('takes the name out of the group, unless entries are pending under it', async () => {
    const log = await open.log({ keyPrefix: 'close' });
    const idle = await open.consumer({ keyPrefix: 'close', consumerName: 'idle' });
    const busy = await open.consumer({ keyPrefix: 'close', consumerName: 'busy' });
    await readAll(idle);
    await acceptMany(log, lobby, 1);
    await readAll(busy);
    await idle.close();
    await busy.close();
    expect(await namesIn('close')).toEqual(['busy']);
    const restarted = await open.consumer({ keyPrefix: 'close', consumerName: 'busy' });
    expect(seqsOf(await readAll(restarted))).toEqual([1]);
  });
});
