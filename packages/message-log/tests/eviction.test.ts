import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { appendMany, conversation, draft, newLogs, readAll, request, type StoredHeads, versionOf } from './open-log.ts';

const open = await newLogs();
const den = conversation('den');

const keysOf = async (keyPrefix: string) =>
  (await open.redis.client.keys(`${keyPrefix}:*`)).filter((key) => key.endsWith(`:${den}`)).sort();
/** What PTTL replies for a key without an expiry. */
const NEVER = -1;
const expiryOf = async (keyPrefix: string) =>
  Promise.all((await keysOf(keyPrefix)).map((key) => open.redis.client.pttl(key)));
const epochOf = (keyPrefix: string) => open.redis.client.get(`${keyPrefix}:{p0}:epoch`);

describe('a conversation that is idle and stored', () => {
  test('leaves Redis completely, and continues from the store in the same epoch', async () => {
    const keyPrefix = 'leaves';
    const storedHeads: StoredHeads = {};
    const log = await open.log({ keyPrefix, storedHeads });
    const consumer = await open.consumer({ keyPrefix, conversationIdleMs: 300 });
    await appendMany(log, den, 3);
    const deletion = { ...draft(), kind: 'delete' as const, replyTo: 'm1' as never };
    await log.append(request({ conversationId: den, draft: deletion, membersVersion: await versionOf(log, den) }));
    const { entries } = await readAll(consumer);
    // One of four is stored last: until then nothing expires.
    await consumer.complete(entries.slice(1));
    expect(await expiryOf(keyPrefix)).toEqual([NEVER, NEVER, NEVER, NEVER]);
    const epoch = await epochOf(keyPrefix);
    const before = await versionOf(log, den);
    await consumer.complete(entries.slice(0, 1));
    storedHeads.den = 4;
    await eventually(async () => expect(await keysOf(keyPrefix)).toEqual([]));
    expect(await log.knownStates([den])).toEqual([undefined]);

    expect(await log.readRecent(den, { limit: 2 })).toMatchObject({ fromSeq: 3, toSeq: 4, messages: [] });
    const [state] = await log.states([den]);
    expect(state).toMatchObject({ headSeq: 4, storedSeq: 4, epoch });
    // Servers check their cached memberships again.
    expect(state?.membersVersion).not.toBe(before);
    expect(await log.append(request({ conversationId: den, membersVersion: before }))).toMatchObject({
      kind: 'stale-members',
    });
    await appendMany(log, den, 1);
    expect(await log.states([den])).toMatchObject([{ headSeq: 5, storedSeq: 4, epoch }]);
    expect(await epochOf(keyPrefix)).toBe(epoch);
    expect(new Set(await expiryOf(keyPrefix))).toEqual(new Set([NEVER]));
    expect(await log.states([den])).toMatchObject([{ headSeq: 5, storedSeq: 4, epoch }]);
  });

  test('leaves Redis again after it was only read', async () => {
    const keyPrefix = 'read-again';
    const log = await open.log({ keyPrefix, conversationIdleMs: 300, storedHeads: { den: 7 } });
    await log.states([den]);
    expect(await keysOf(keyPrefix)).toHaveLength(1);
    await eventually(async () => expect(await keysOf(keyPrefix)).toEqual([]));
  });

  test('is not brought back by a change of its member list', async () => {
    const log = await open.log({ keyPrefix: 'members', storedHeads: { den: 7 } });
    await log.membersChanged(den);
    expect(await keysOf('members')).toEqual([]);
  });

  test('that is initialised in vain leaves Redis, too', async () => {
    const keyPrefix = 'in-vain';
    const log = await open.log({
      keyPrefix,
      stored: { headSeqs: () => Promise.reject(new Error('the store is unavailable')), fillGaps: async () => 0 },
    });
    await expect(log.states([den])).rejects.toThrow('the store is unavailable');
    const [key] = await keysOf(keyPrefix);
    expect(await open.redis.client.pttl(key as string)).toBeGreaterThan(0);
  });
});

test('an unstored message never expires, however it races with the expiry', async () => {
  const storedHeads: StoredHeads = {};
  const log = await open.log({ keyPrefix: 'race', storedHeads });
  const consumer = await open.consumer({ keyPrefix: 'race', conversationIdleMs: 1 });
  for (let seq = 1; seq <= 50; seq += 1) {
    // The conversation may leave Redis between the two calls.
    await eventually(async () => {
      const outcome = await log.append(request({ conversationId: den, membersVersion: await versionOf(log, den) }));
      expect(outcome).toMatchObject({ kind: 'appended', seq });
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await log.states([den])).toMatchObject([{ headSeq: seq, storedSeq: seq - 1 }]);
    const { entries } = await readAll(consumer);
    storedHeads.den = seq;
    await consumer.complete(entries);
  }
});
