import { describe, expect, test } from '@jest/globals';
import { HeadInitialiser } from '../src/head-initialiser.ts';
import { HeadUnknown } from '../src/index.ts';
import { partitionKeys } from '../src/partition-keys.ts';
import { appendMany, conversation, draft, newLogs, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

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
    const log = await open.log({ keyPrefix: 'states', storedHeads: { a: 1, c: 3 } });
    await log.membersChanged(conversation('c'));
    expect(await log.states(['c', 'new', 'a'].map(conversation))).toEqual([
      { headSeq: 3, storedSeq: 3, membersVersion: expect.stringMatching(/./), epoch: expect.any(String) },
      { headSeq: 0, storedSeq: 0, membersVersion: '', epoch: expect.any(String) },
      { headSeq: 1, storedSeq: 1, membersVersion: '', epoch: expect.any(String) },
    ]);
    expect(await log.states([])).toEqual([]);
  });

  test('has no known state, and knownStates does not read the store', async () => {
    const readStoredHead = () => Promise.reject(new Error('the store was read'));
    const log = await open.log({ keyPrefix: 'known', readStoredHead });
    await log.membersChanged(lobby);
    expect(await log.knownStates([lobby, conversation('nowhere')])).toEqual([undefined, undefined]);
  });

  test('does not delay the other messages of a call', async () => {
    const never = new Promise<number>(() => undefined);
    const readStoredHead = async (id: string) => (id === 'lobby' ? 0 : never);
    const log = await open.log({ keyPrefix: 'others', readStoredHead, collectMs: () => 500 });
    await appendMany(log, lobby, 100);
    void log.append(request({ conversationId: conversation('unknown') }));
    expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 101 });
  });

  test('fails a call with the error of the store, and the next call tries again', async () => {
    let isStoreUp = false;
    const log = await open.log({
      keyPrefix: 'store',
      readStoredHead: async () => (isStoreUp ? 3 : Promise.reject(new Error('the store is unavailable'))),
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

test('concurrent calls share one read of the store', async () => {
  const stored = Promise.withResolvers<number>();
  let reads = 0;
  const heads = new HeadInitialiser({
    redis: await open.connection('command'),
    keys: partitionKeys('shared', 0),
    readStoredHead: () => {
      reads += 1;
      return stored.promise;
    },
  });
  let isKnown = false;
  const calls = [1, 2, 3].map((call) => heads.withHead(lobby, async () => (isKnown ? call : undefined)));
  // All three have found the head unknown before the store answers.
  await new Promise(setImmediate);
  isKnown = true;
  stored.resolve(7);
  expect(await Promise.all(calls)).toEqual([1, 2, 3]);
  expect(reads).toBe(1);
});

test('a head that stays unknown after four attempts is a fault', async () => {
  const heads = new HeadInitialiser({
    redis: await open.connection('command'),
    keys: partitionKeys('stays', 0),
    readStoredHead: async () => 0,
  });
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    return undefined;
  };
  await expect(heads.withHead(lobby, attempt)).rejects.toThrow(HeadUnknown);
  expect(attempts).toBe(4);
});
