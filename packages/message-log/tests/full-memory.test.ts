import { afterEach, describe, expect, test } from '@jest/globals';
import type { LogEntry } from '../src/index.ts';
import { appendMany, conversation, newLogs, readAll, request, seqsOf } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');
const den = conversation('den');
const { signal } = new AbortController();

const setLimit = (bytes: number) => open.redis.client.config('SET', 'maxmemory', String(bytes));
const fillMemory = () => setLimit(1);
afterEach(() => setLimit(0));

describe('while memory is full', () => {
  test('history and states are read as before, also of conversations whose head is unknown', async () => {
    const log = await open.log({ keyPrefix: 'read', storedHeads: { den: 7 } });
    await appendMany(log, lobby, 10);
    const queries = [{ limit: 3 }, { beforeSeq: 6, limit: 2 }, { afterSeq: 4, limit: 2 }, { afterSeq: 99, limit: 5 }];
    const expected = await Promise.all(queries.map((query) => log.readRecent(lobby, query)));
    await fillMemory();
    for (const [index, query] of queries.entries()) expect(await log.readRecent(lobby, query)).toEqual(expected[index]);
    expect(await log.states([lobby, den])).toMatchObject([{ headSeq: 10 }, { headSeq: 7, storedSeq: 7 }]);
    expect((await log.readRecent(den, { limit: 1 })).state.headSeq).toBe(7);
    expect(await log.countInProcess()).toBe(10);
    expect(await log.ledger(3)).toHaveLength(3);
  });

  test('a chat server that starts begins an epoch and reads', async () => {
    await fillMemory();
    const log = await open.log({ keyPrefix: 'start', storedHeads: { lobby: 3 } });
    expect(await log.states([lobby])).toMatchObject([{ headSeq: 3, epoch: expect.stringMatching(/./) }]);
  });

  test('a worker that starts reads new entries, and those of its earlier process', async () => {
    const log = await open.log({ keyPrefix: 'restart' });
    await appendMany(log, lobby, 2);
    await readAll(await open.consumer({ keyPrefix: 'restart' }));
    await appendMany(log, lobby, 1);
    await fillMemory();
    const restarted = await open.consumer({ keyPrefix: 'restart' });
    const batches = [await readAll(restarted), await readAll(restarted), await readAll(restarted)];
    expect(batches.flatMap(seqsOf)).toEqual([1, 2, 3]);
    await restarted.complete(batches.flatMap(({ entries }) => entries));
    expect(await log.countInProcess()).toBe(0);
  });

  test('a worker that starts on an empty Redis creates the group', async () => {
    await fillMemory();
    expect(seqsOf(await readAll(await open.consumer({ keyPrefix: 'empty' })))).toEqual([]);
  });

  test('another worker reclaims the entries of a dead one and extends its claim', async () => {
    const log = await open.log({ keyPrefix: 'dead' });
    const dead = await open.consumer({ keyPrefix: 'dead', consumerName: 'dead' });
    const alive = await open.consumer({ keyPrefix: 'dead', reclaimAfterMs: 0 });
    await appendMany(log, lobby, 3);
    await readAll(dead);
    await fillMemory();
    const reclaimed = await alive.reclaim({ maxEntries: 10 });
    expect(seqsOf(reclaimed)).toEqual([1, 2, 3]);
    await alive.extendClaim(reclaimed.entries.map(({ entryId }) => entryId));
    const [{ entryId, epoch }, ...others] = reclaimed.entries as [LogEntry, ...LogEntry[]];
    await alive.deadLetter([{ entryId, epoch, reason: 'odd' }]);
    await alive.complete(others);
    expect(await log.countInProcess()).toBe(0);
  });
});

describe('trimRecent', () => {
  test('leaves the messages that are not stored, in every window of the partition', async () => {
    const log = await open.log({ keyPrefix: 'trim' });
    const consumer = await open.consumer({ keyPrefix: 'trim' });
    for (const id of [lobby, den]) await appendMany(log, id, 5);
    const { entries } = await readAll(consumer);
    await consumer.complete(entries.filter(({ message }) => message.conversationId === 'den' || message.seq <= 3));
    await fillMemory();
    expect(await consumer.trimRecent(signal)).toBe(8);
    expect(await consumer.trimRecent(signal)).toBe(0);
    const lengths = [lobby, den].map((id) => open.redis.client.xlen(`trim:{p0}:recent:${id}`));
    expect(await Promise.all(lengths)).toEqual([2, 0]);
    expect((await log.readRecent(lobby, { limit: 10 })).messages.map(({ seq }) => seq)).toEqual([4, 5]);
    expect((await log.readRecent(den, { limit: 10 })).messages).toEqual([]);
  });

  test('a trimmed conversation continues with the next seq', async () => {
    const log = await open.log({ keyPrefix: 'goes-on' });
    const consumer = await open.consumer({ keyPrefix: 'goes-on' });
    await appendMany(log, lobby, 3);
    await consumer.complete((await readAll(consumer)).entries);
    expect(await consumer.trimRecent(signal)).toBe(3);
    expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 4 });
    expect((await log.readRecent(lobby, { limit: 10 })).messages.map(({ seq }) => seq)).toEqual([4]);
  });

  test('touches no window of a conversation whose head is unknown', async () => {
    const log = await open.log({ keyPrefix: 'unknown' });
    const consumer = await open.consumer({ keyPrefix: 'unknown' });
    await appendMany(log, lobby, 3);
    await open.redis.client.del('unknown:{p0}:conversation:lobby');
    expect(await consumer.trimRecent(signal)).toBe(0);
  });
});

describe('deleteStoredUses', () => {
  test('deletes the dedupe entries of stored messages only', async () => {
    const log = await open.log({ keyPrefix: 'uses' });
    const consumer = await open.consumer({ keyPrefix: 'uses' });
    await appendMany(log, lobby, 5);
    const { entries } = await readAll(consumer);
    await consumer.complete(entries.slice(0, 3));
    await appendMany(log, den, 1);
    await fillMemory();
    expect(await consumer.deleteStoredUses(signal)).toBe(3);
    expect(await consumer.deleteStoredUses(signal)).toBe(0);
    expect(await open.redis.client.keys('uses:{p0}:sent:*')).toHaveLength(3);
  });
});
