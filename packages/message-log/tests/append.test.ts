import { describe, expect, test } from '@jest/globals';
import { createRedisMessageLog } from '../src/index.ts';
import { conversation, draft, kindAndSeq, newLogs, readAll, request, requestsOfEveryKind } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

describe('accept', () => {
  test('counts seq up from 1 and gives the time of Redis', async () => {
    const log = await open.log({ keyPrefix: 'count' });
    await log.seed(lobby, 0);
    const beforeMs = await open.nowMs();
    const outcomes = [await log.accept(request()), await log.accept(request()), await log.accept(request())];
    const afterMs = await open.nowMs();
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome).toMatchObject({ kind: 'accepted', seq: index + 1 });
      if (outcome.kind === 'accepted') {
        expect(outcome.createdAtMs).toBeGreaterThanOrEqual(beforeMs);
        expect(outcome.createdAtMs).toBeLessThanOrEqual(afterMs);
      }
    }
  });

  test('answers each of many that come together, in their order, and none above the limit', async () => {
    const log = await open.log({ keyPrefix: 'together', maxInProcess: 4 });
    const den = conversation('den');
    await Promise.all([log.seed(lobby, 0), log.seed(den, 7)]);
    const requests = [...requestsOfEveryKind(den), request(), request({ conversationId: den }), request()];
    const outcomes = await Promise.all(requests.map((each) => log.accept(each)));
    expect(outcomes.map(kindAndSeq)).toEqual([
      'accepted 1',
      'accepted 8',
      'unseeded',
      'duplicate 8',
      'conflict',
      'stale-members',
      'accepted 2',
      'accepted 9',
      'busy',
    ]);
    expect(await log.inProcess()).toBe(4);
  });

  test('continues above the seeded seq', async () => {
    const log = await open.log({ keyPrefix: 'seeded' });
    await log.seed(lobby, 41);
    expect(await log.accept(request())).toMatchObject({ kind: 'accepted', seq: 42 });
  });

  test('does not take a message of a conversation that is not seeded', async () => {
    const log = await open.log({ keyPrefix: 'unseeded' });
    expect(await log.accept(request())).toEqual({ kind: 'unseeded' });
    expect(await log.inProcess()).toBe(0);
  });

  test('recognises a repeated clientMessageId, also when it is busy and after completion', async () => {
    const log = await open.log({ keyPrefix: 'repeat', maxInProcess: 1 });
    const consumer = await open.consumer({ keyPrefix: 'repeat' });
    await log.seed(lobby, 0);
    const first = draft({ clientMessageId: 'same' });
    const accepted = await log.accept(request({ draft: first }));
    const duplicate = { ...accepted, kind: 'duplicate', id: first.id };
    expect(await log.accept(request({ draft: draft({ clientMessageId: 'same' }) }))).toEqual(duplicate);
    await consumer.complete((await readAll(consumer)).entries);
    expect(await log.accept(request({ draft: draft({ clientMessageId: 'same' }) }))).toEqual(duplicate);
    expect(await log.inProcess()).toBe(0);
  });

  test('lets two senders use the same clientMessageId', async () => {
    const log = await open.log({ keyPrefix: 'two-senders' });
    await log.seed(lobby, 0);
    for (const senderId of ['ada', 'bob']) {
      const outcome = await log.accept(request({ draft: draft({ senderId, clientMessageId: 'same' }) }));
      expect(outcome.kind).toBe('accepted');
    }
  });

  test('refuses a clientMessageId that the sender used in another conversation', async () => {
    const log = await open.log({ keyPrefix: 'conflict' });
    await log.seed(lobby, 0);
    await log.seed(conversation('other'), 0);
    await log.accept(request({ draft: draft({ clientMessageId: 'same' }) }));
    const elsewhere = request({
      conversationId: conversation('other'),
      draft: draft({ clientMessageId: 'same' }),
    });
    expect(await log.accept(elsewhere)).toEqual({ kind: 'conflict' });
  });

  test('forgets a clientMessageId after its time', async () => {
    const log = await open.log({ keyPrefix: 'forget', dedupeTtlMs: 3_600_000 });
    await log.seed(lobby, 0);
    await log.accept(request({ draft: draft({ clientMessageId: 'same' }) }));
    const key = 'forget:{p0}:sent:ada:same';
    const ttlMs = await open.redis.client.pttl(key);
    expect(ttlMs).toBeGreaterThan(3_000_000);
    expect(ttlMs).toBeLessThanOrEqual(3_600_000);
  });

  test('is busy with exactly as many in process as may be, and says when to come back', async () => {
    const log = await open.log({ keyPrefix: 'busy', maxInProcess: 3 });
    await log.seed(lobby, 0);
    for (let i = 0; i < 3; i++) expect((await log.accept(request())).kind).toBe('accepted');
    const refused = await log.accept(request());
    expect(refused).toEqual({ kind: 'busy', retryAfterMs: expect.any(Number) });
    if (refused.kind !== 'busy') return;
    expect(refused.retryAfterMs).toBeGreaterThanOrEqual(100);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(500);
    expect(await log.inProcess()).toBe(3);
  });

  test('refuses a sender who was let through by an outdated member list', async () => {
    const log = await open.log({ keyPrefix: 'members' });
    await log.membersChanged(lobby);
    expect(await log.accept(request())).toEqual({ kind: 'unseeded' });
    await log.seed(lobby, 0);
    const stale = await log.accept(request());
    expect(stale).toEqual({ kind: 'stale-members', membersVersion: expect.stringMatching(/./) });
    if (stale.kind !== 'stale-members') return;
    expect((await log.accept(request({ membersVersion: stale.membersVersion }))).kind).toBe('accepted');
    await log.membersChanged(lobby);
    const again = await log.accept(request({ membersVersion: stale.membersVersion }));
    expect(again.kind).toBe('stale-members');
    expect(again).not.toEqual(stale);
  });

  test('tells a sender whose version is of before Redis lost its data that none is noted', async () => {
    const log = await open.log({ keyPrefix: 'members-lost' });
    await log.seed(lobby, 0);
    const outcome = await log.accept(request({ membersVersion: 'of-before' }));
    expect(outcome).toEqual({ kind: 'stale-members', membersVersion: '' });
  });

  test('never dates a message before the one before it, though the clock was set back', async () => {
    const log = await open.log({ keyPrefix: 'clock' });
    await log.seed(lobby, 0);
    const aheadMs = Date.now() + 3_600_000;
    await open.redis.client.hset('clock:{p0}:conversation:lobby', 'lastMs', aheadMs);
    expect(await log.accept(request())).toMatchObject({ createdAtMs: aheadMs });
    expect(await log.accept(request())).toMatchObject({ createdAtMs: aheadMs });
  });

  test('keeps a text byte for byte', async () => {
    const log = await open.log({ keyPrefix: 'text' });
    await log.seed(lobby, 0);
    const text = 'naïve 👩‍👩‍👧 "quotes" \\ \u0000 \u2028 عربى {p9} %d';
    await log.accept(request({ draft: draft({ text }) }));
    const page = await log.readRecent(lobby, { limit: 1 });
    expect(page.kind === 'page' && page.messages[0]?.text).toBe(text);
  });

  test('does nothing at all while memory is full, and says so', async () => {
    const log = await open.log({ keyPrefix: 'full' });
    await log.seed(lobby, 0);
    await open.redis.client.config('SET', 'maxmemory', '1');
    try {
      await expect(log.accept(request())).rejects.toThrow(/OOM/);
    } finally {
      await open.redis.client.config('SET', 'maxmemory', '0');
    }
    expect(await log.inProcess()).toBe(0);
    expect(await log.accept(request())).toMatchObject({ kind: 'accepted', seq: 1 });
  });
});

describe('seed', () => {
  test('has no effect where Redis knows the conversation', async () => {
    const log = await open.log({ keyPrefix: 'seed' });
    await log.seed(lobby, 5);
    await log.seed(lobby, 9);
    expect(await log.states([lobby])).toEqual([
      { headSeq: 5, storedSeq: 5, membersVersion: '', epoch: expect.any(String) },
    ]);
    await log.accept(request());
    await log.seed(lobby, 0);
    expect(await log.states([lobby])).toEqual([
      { headSeq: 6, storedSeq: 5, membersVersion: '', epoch: expect.any(String) },
    ]);
  });
});

describe('states', () => {
  test('gives the numbers of many conversations in the order asked for', async () => {
    const log = await open.log({ keyPrefix: 'states' });
    await log.seed(conversation('a'), 1);
    await log.membersChanged(conversation('b'));
    await log.seed(conversation('c'), 3);
    await log.membersChanged(conversation('c'));
    expect(await log.states(['c', 'nowhere', 'a', 'b'].map(conversation))).toEqual([
      expect.objectContaining({ headSeq: 3, storedSeq: 3, membersVersion: expect.stringMatching(/./) }),
      undefined,
      expect.objectContaining({ headSeq: 1, storedSeq: 1, membersVersion: '' }),
      undefined,
    ]);
    expect(await log.states([])).toEqual([]);
  });
});

describe('ledger', () => {
  test('lists who holds the places, oldest first, legible or not', async () => {
    const log = await open.log({ keyPrefix: 'ledger' });
    await log.seed(lobby, 0);
    const first = request({ node: 'chat-server-1' });
    const second = request({ node: 'chat-server-2' });
    await log.accept(first);
    await log.accept(second);
    const junkId = await open.redis.client.xadd('ledger:{p0}:log', '*', 'something', 'else');
    const acceptedAtMs = expect.any(Number);
    const rows = [
      { id: first.draft.id, conversationId: 'lobby', seq: 1, node: 'chat-server-1', acceptedAtMs },
      { id: second.draft.id, conversationId: 'lobby', seq: 2, node: 'chat-server-2', acceptedAtMs },
      { id: junkId, conversationId: '', seq: 0, node: '', acceptedAtMs },
    ];
    expect(await log.ledger(10)).toEqual(rows);
    expect(await log.ledger(2)).toEqual(rows.slice(0, 2));
  });
});

describe('createRedisMessageLog', () => {
  test('refuses more partitions than messages in process, and a prefix that would move the hash tag', async () => {
    const connection = await open.connection('command');
    expect(() => createRedisMessageLog(connection, { maxInProcess: 2, partitions: 3 })).toThrow(/3 partitions/);
    expect(() => createRedisMessageLog(connection, { maxInProcess: 2, keyPrefix: '{x}' })).toThrow(/braces/);
  });
});
