import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { HeadInitialiser } from '../src/head-initialiser.ts';
import { HeadUnknown, type MessageLog, type StoredHistory } from '../src/index.ts';
import { partitionKeys } from '../src/partition-keys.ts';
import { appendMany, conversation, draft, newLogs, readAll, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

const storeWith = (headSeqs: StoredHistory['headSeqs']): StoredHistory => ({
  headSeqs,
  fillGaps: async () => undefined,
});

const newInitialiser = async (keyPrefix: string, headSeqs: StoredHistory['headSeqs']) =>
  new HeadInitialiser({
    redis: await open.connection('command'),
    keys: partitionKeys(keyPrefix, 0),
    partitions: 1,
    stored: storeWith(headSeqs),
    maxInProcess: 500,
    conversationIdleMs: 3_600_000,
  });

describe('a conversation whose head is unknown', () => {
  test('is appended to above its newest stored message', async () => {
    const log = await open.log({ keyPrefix: 'append', storedHeads: { lobby: 41 } });
    expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 42 });
  });

  test('is read up to its newest stored message', async () => {
    const log = await open.log({ keyPrefix: 'read', storedHeads: { lobby: 41 } });
    expect(await log.readRecent(lobby, { limit: 5 })).toMatchObject({ fromSeq: 37, toSeq: 41, messages: [] });
  });

  test('has a state after the next call of states', async () => {
    const log = await open.log({ keyPrefix: 'states', storedHeads: { a: 1, c: 3, lobby: 2 } });
    const states = await log.states(['c', 'new', 'a', 'lobby'].map(conversation));
    const [membersVersion, epoch] = [expect.stringMatching(/./), expect.any(String)];
    expect(states).toEqual([
      { headSeq: 3, storedSeq: 3, membersVersion, epoch },
      { headSeq: 0, storedSeq: 0, membersVersion, epoch },
      { headSeq: 1, storedSeq: 1, membersVersion, epoch },
      // Every user is in the lobby, so it has no member list.
      { headSeq: 2, storedSeq: 2, membersVersion: '', epoch },
    ]);
    expect(new Set(states.map((state) => state.membersVersion)).size).toBe(4);
    expect(await log.states([])).toEqual([]);
  });

  test('has no known state, and knownStates does not read the store', async () => {
    const log = await open.log({
      keyPrefix: 'known',
      stored: storeWith(() => Promise.reject(new Error('it was read'))),
    });
    await log.membersChanged(lobby);
    expect(await log.knownStates([lobby, conversation('nowhere')])).toEqual([undefined, undefined]);
  });

  test('does not delay the other messages of a call', async () => {
    const never = new Promise<number[]>(() => undefined);
    const stored = storeWith(async ([id]) => (id === 'lobby' ? [0] : never));
    const log = await open.log({ keyPrefix: 'others', stored, collectMs: () => 500 });
    await appendMany(log, lobby, 100);
    void log.append(request({ conversationId: conversation('unknown') }));
    expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 101 });
  });

  test('fails a call with the error of the store, and the next call tries again', async () => {
    let isStoreUp = false;
    const log = await open.log({
      keyPrefix: 'store',
      stored: storeWith(async () => (isStoreUp ? [3] : Promise.reject(new Error('the store is unavailable')))),
    });
    const unsent = request({ draft: draft() });
    await expect(log.append(unsent)).rejects.toThrow('the store is unavailable');
    isStoreUp = true;
    expect(await log.append(unsent)).toMatchObject({ kind: 'appended', seq: 4 });
  });
});

test('a known head is not read from the store again', async () => {
  const storedHeads = { lobby: 5 };
  const log = await open.log({ keyPrefix: 'known-head', storedHeads });
  await log.append(request());
  storedHeads.lobby = 9;
  expect(await log.states([lobby])).toMatchObject([{ headSeq: 6, storedSeq: 5 }]);
});

test('many unknown heads cost one read of the store', async () => {
  const reads: (readonly string[])[] = [];
  const stored = storeWith(async (ids) => {
    reads.push(ids);
    return ids.map((_, index) => index + 1);
  });
  const log = await open.log({ keyPrefix: 'one-read', stored });
  const ids = Array.from({ length: 60 }, (_, index) => conversation(`c${index}`));
  await log.states(ids.slice(0, 10));
  const states = await log.states([...ids, ...ids]);
  expect(states.map(({ headSeq }) => headSeq).slice(0, 12)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2]);
  expect(reads).toEqual([ids.slice(0, 10), ids.slice(10)]);
});

describe('an initialisation looks for gaps', () => {
  const rangesOf = async (keyPrefix: string, storedHead: number, prepare: (log: MessageLog) => Promise<unknown>) => {
    const ranges: unknown[] = [];
    const stored = {
      headSeqs: async (ids: readonly string[]) => ids.map(() => storedHead),
      fillGaps: async (asked: readonly unknown[]) => void ranges.push(...asked),
    };
    const log = await open.log({ keyPrefix, stored, maxInProcess: 20 });
    await prepare(log);
    ranges.length = 0;
    await log.states([lobby]);
    return ranges;
  };
  const restart = (keyPrefix: string) =>
    open.redis.client.set(`${keyPrefix}:{p0}:run-id`, `${'0'.repeat(40)} 1767225600000`);

  test('above the head that Redis knows', async () => {
    const ranges = await rangesOf('gaps-known', 30, async () => {
      const before = await open.log({ keyPrefix: 'gaps-known' });
      await appendMany(before, lobby, 4);
      await restart('gaps-known');
    });
    expect(ranges).toEqual([{ conversationId: 'lobby', fromSeq: 5, toSeq: 30 }]);
  });

  test('nowhere when Redis knows as many messages as the store', async () => {
    const ranges = await rangesOf('gaps-none', 4, async () => {
      const before = await open.log({ keyPrefix: 'gaps-none' });
      await appendMany(before, lobby, 5);
      await restart('gaps-none');
    });
    expect(ranges).toEqual([]);
  });

  test('in the last positions when Redis does not know the conversation, in the first 24 hours of an epoch', async () => {
    expect(await rangesOf('gaps-new', 30, async () => undefined)).toEqual([
      { conversationId: 'lobby', fromSeq: 10, toSeq: 30 },
    ]);
    const old = await rangesOf('gaps-old', 30, async (log) => {
      await log.states([conversation('other')]);
      const begunBy = (await open.redis.client.get('gaps-old:{p0}:run-id'))?.split(' ')[0];
      await open.redis.client.set('gaps-old:{p0}:run-id', `${begunBy} ${(await open.nowMs()) - 25 * 3_600_000}`);
    });
    expect(old).toEqual([]);
  });
});

test('a conversation of which only single keys were deleted keeps the seqs that are in use', async () => {
  const log = await open.log({ keyPrefix: 'single', storedHeads: { lobby: 1 } });
  const consumer = await open.consumer({ keyPrefix: 'single' });
  await appendMany(log, lobby, 3);
  await open.redis.client.del('single:{p0}:conversation:lobby');
  expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 5 });
  expect(await log.states([lobby])).toMatchObject([{ headSeq: 5, storedSeq: 1 }]);
  const { entries } = await readAll(consumer);
  expect(await consumer.complete(entries)).toMatchObject([{ storedSeq: 5 }]);
});

test('concurrent calls share one read of the store', async () => {
  const stored = Promise.withResolvers<number[]>();
  let reads = 0;
  const heads = await newInitialiser('shared', () => {
    reads += 1;
    return stored.promise;
  });
  let isKnown = false;
  const calls = [1, 2, 3].map((call) => heads.withHead(lobby, async () => (isKnown ? call : undefined)));
  // All three have found the head unknown before the store answers.
  await eventually(() => expect(reads).toBe(1));
  isKnown = true;
  stored.resolve([7]);
  expect(await Promise.all(calls)).toEqual([1, 2, 3]);
  expect(reads).toBe(1);
});

test('a head that stays unknown after four attempts is a fault', async () => {
  const heads = await newInitialiser('stays', async () => [0]);
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    return undefined;
  };
  await expect(heads.withHead(lobby, attempt)).rejects.toThrow(HeadUnknown);
  expect(attempts).toBe(4);
});
