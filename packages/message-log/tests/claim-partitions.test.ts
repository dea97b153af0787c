import { describe, expect, test } from '@jest/globals';
import type { ConversationId } from '@parley/protocol';
import { ConfigError } from '@parley/service-kit';
import { claimPartitions, type MessageLog, PartitionsChanged, partitionOf, recordedPartitions } from '../src/index.ts';
import { appendMany, conversation, newLogs, readAll, request, seqsOf } from './open-log.ts';

const open = await newLogs();
const redis = await open.connection('command');

const claim = (keyPrefix: string, wanted?: number, fallback = 1) =>
  claimPartitions(redis, { wanted, fallback, keyPrefix });

/** A conversation that lies in another partition of three than of two. */
const moving = Array.from({ length: 20 }, (_, index) => conversation(`conversation-${index}`)).find(
  (id) => partitionOf(id, 2) !== partitionOf(id, 3),
) as ReturnType<typeof conversation>;

/** Appends a message to a conversation with members. */
const appendOne = async (log: MessageLog, id: ConversationId) => (await appendMany(log, id, 1))[0];

/** Completes everything that is in process in these partitions. */
async function drain(keyPrefix: string, partitions: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition += 1) {
    const consumer = await open.consumer({ keyPrefix, partition });
    await consumer.complete((await readAll(consumer)).entries);
  }
}

describe('the number of partitions', () => {
  test('is the configured one in a new Redis, and the recorded one where none is configured', async () => {
    expect(await recordedPartitions(redis, 'new')).toBeUndefined();
    expect(await claim('new', 3)).toBe(3);
    expect(await recordedPartitions(redis, 'new')).toBe(3);
    expect(await claim('new', undefined, 4)).toBe(3);
    expect(await claim('unset', undefined, 4)).toBe(4);
    expect(await claim('unset', 4)).toBe(4);
  });

  test('is refused while messages of another one are in process, and accepted when they are stored', async () => {
    const keyPrefix = 'change';
    const storedHeads: Record<string, number> = {};
    await claim(keyPrefix, 2);
    const two = await open.log({ keyPrefix, partitions: 2, storedHeads });
    await appendMany(two, moving, 3);
    await expect(claim(keyPrefix, 3)).rejects.toThrow(
      new ConfigError(
        'LOG_PARTITIONS is 3, and 3 messages are in process with 2; start with LOG_PARTITIONS=2 until they are stored',
      ),
    );
    await appendMany(two, moving, 1);

    await drain(keyPrefix, 2);
    storedHeads[moving] = 4;
    expect(await claim(keyPrefix, 3)).toBe(3);
    const three = await open.log({ keyPrefix, partitions: 3, storedHeads });
    expect(await appendOne(three, moving)).toMatchObject({ kind: 'appended', seq: 5 });
    const [{ entries }] = [await readAll(await open.consumer({ keyPrefix, partition: partitionOf(moving, 3) }))];
    expect(entries.map(({ message }) => message.seq)).toEqual([5]);
  });

  test('may return to a former one: nothing of that time is used again', async () => {
    const keyPrefix = 'return';
    const storedHeads: Record<string, number> = {};
    await claim(keyPrefix, 2);
    await appendMany(await open.log({ keyPrefix, partitions: 2, storedHeads }), moving, 3);
    await drain(keyPrefix, 2);
    storedHeads[moving] = 3;
    await claim(keyPrefix, 3);
    await appendMany(await open.log({ keyPrefix, partitions: 3, storedHeads }), moving, 2);
    await drain(keyPrefix, 3);
    storedHeads[moving] = 5;
    await claim(keyPrefix, 2);
    const again = await open.log({ keyPrefix, partitions: 2, storedHeads });
    expect(await appendOne(again, moving)).toMatchObject({ kind: 'appended', seq: 6 });
    const page = await again.readRecent(moving, { beforeSeq: 4, limit: 10 });
    expect(page).toMatchObject({ fromSeq: 1, toSeq: 3, messages: [] });
  });

  test('is final for servers that still run with the former one: they append nothing', async () => {
    const keyPrefix = 'former';
    const storedHeads: Record<string, number> = {};
    await claim(keyPrefix, 2);
    const former = await open.log({ keyPrefix, partitions: 2, storedHeads });
    await appendMany(former, moving, 2);
    await drain(keyPrefix, 2);
    storedHeads[moving] = 2;
    await claim(keyPrefix, 3);
    const current = await open.log({ keyPrefix, partitions: 3, storedHeads });
    expect(await appendOne(current, moving)).toMatchObject({ seq: 3 });
    await expect(former.append(request({ conversationId: moving }))).rejects.toThrow(PartitionsChanged);
    await expect(former.checkPartitions()).rejects.toThrow(PartitionsChanged);
    await current.checkPartitions();
    expect(await current.countInProcess()).toBe(1);
  });

  test('is that of earlier data which has no record of it', async () => {
    const keyPrefix = 'earlier';
    const log = await open.log({ keyPrefix, partitions: 2 });
    const ids = Array.from({ length: 10 }, (_, index) => conversation(`c-${index}`));
    for (const id of ids) await appendOne(log, id);
    await redis.del(`${keyPrefix}:{p0}:partitions`, `${keyPrefix}:{p1}:partitions`);
    await expect(claim(keyPrefix, 4)).rejects.toThrow('LOG_PARTITIONS is 4, and 10 messages are in process with 2');
    expect(await claim(keyPrefix, undefined, 4)).toBe(2);
    expect(await recordedPartitions(redis, keyPrefix)).toBe(2);
  });

  test('is changed once by servers that start together, while others append already', async () => {
    const keyPrefix = 'together';
    await claim(keyPrefix, 2);
    const starting = Array.from({ length: 8 }, async () => {
      await claim(keyPrefix, 3);
      const log = await open.log({ keyPrefix, partitions: 3 });
      return appendMany(log, moving, 5);
    });
    await Promise.all(starting);
    const log = await open.log({ keyPrefix, partitions: 3 });
    expect(await log.states([moving])).toMatchObject([{ headSeq: 40 }]);
    const consumer = await open.consumer({ keyPrefix, partition: partitionOf(moving, 3) });
    expect(seqsOf(await readAll(consumer))).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  test('is changed by the next start when a process died during the change', async () => {
    const keyPrefix = 'died';
    await claim(keyPrefix, 2);
    await redis.set(`${keyPrefix}:{p0}:partitions`, 'closed 3');
    await redis.set(`${keyPrefix}:{p2}:partitions`, 'closed 3');
    const former = await open.log({ keyPrefix, partitions: 2 });
    const inFirst = Array.from({ length: 9 }, (_, index) => conversation(`x-${index}`)).find(
      (id) => partitionOf(id, 2) === 0,
    ) as ConversationId;
    await expect(former.append(request({ conversationId: inFirst }))).rejects.toThrow(PartitionsChanged);
    expect(await claim(keyPrefix, 2)).toBe(2);
    expect(await appendOne(former, inFirst)).toMatchObject({ kind: 'appended', seq: 1 });
  });
});

test('the number is recorded again when Redis has lost it', async () => {
  const log = await open.log({ keyPrefix: 'lost', partitions: 2 });
  await log.checkPartitions();
  expect(await recordedPartitions(redis, 'lost')).toBe(2);
});

test('a partition is without a worker until one reads it', async () => {
  const log = await open.log({ keyPrefix: 'idle', partitions: 2 });
  expect(await log.checkPartitions()).toEqual({ withoutWorker: 2 });
  const consumer = await open.consumer({ keyPrefix: 'idle', partition: 1 });
  await consumer.reclaim({ maxEntries: 1 });
  expect(await log.checkPartitions()).toEqual({ withoutWorker: 1 });
});
