import { describe, expect, test } from '@jest/globals';
import { appendMany, conversation, newLogs, readAll, seqsOf } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

const deadOf = async (keyPrefix: string) =>
  (await open.redis.client.xrange(`${keyPrefix}:{p0}:dead`, '-', '+')).map(([, fields]) => fields);

describe('malformed entries', () => {
  const good = {
    conversation: 'lobby',
    seq: '1',
    time: '1',
    node: 'n',
    message: '{"id":"m","senderId":"s","clientMessageId":"c","kind":"text"}',
  };
  test.each<[string, Record<string, string>, string]>([
    ['without a conversation', { ...good, conversation: '' }, 'has no conversation'],
    ['with unknown fields only', { unknown: 'field' }, 'has no conversation'],
    ['with seq 0', { ...good, seq: '0' }, 'has no valid seq'],
    ['with a fraction for a seq', { ...good, seq: '1.5' }, 'has no valid seq'],
    ['with a seq too large to count', { ...good, seq: '9007199254740993' }, 'has no valid seq'],
    ['with an invalid time', { ...good, time: 'soon' }, 'has no valid time'],
    ['with broken JSON', { ...good, message: '{"id":' }, 'has no valid message'],
    ['with JSON that is not an object', { ...good, message: 'null' }, 'has no valid message'],
    [
      'with a message without a sender',
      { ...good, message: '{"id":"m","clientMessageId":"c","kind":"text"}' },
      'has no valid message',
    ],
  ])('%s are returned with the reason, separately from the messages', async (name, fields, reason) => {
    const keyPrefix = name.replaceAll(' ', '-');
    const log = await open.log({ keyPrefix });
    const consumer = await open.consumer({ keyPrefix });
    await appendMany(log, lobby, 1);
    const entryId = await open.redis.client.xadd(`${keyPrefix}:{p0}:log`, '*', ...Object.entries(fields).flat());
    await appendMany(log, lobby, 1);
    const batch = await readAll(consumer);
    expect(batch.malformed).toEqual([{ entryId, epoch: '', reason }]);
    expect(seqsOf(batch)).toEqual([1, 2]);
  });

  test('are reclaimed, and kept with all their fields as dead letters', async () => {
    const log = await open.log({ keyPrefix: 'verbatim' });
    const dead = await open.consumer({ keyPrefix: 'verbatim', consumerName: 'dead' });
    const consumer = await open.consumer({ keyPrefix: 'verbatim', reclaimAfterMs: 0 });
    const fields = ['seq', '1', 'odd', 'a', 'odd', '\u0000b'];
    const entryId = (await open.redis.client.xadd('verbatim:{p0}:log', '*', ...fields)) as string;
    await readAll(dead);
    const { malformed } = await consumer.reclaim({ maxEntries: 10 });
    expect(malformed).toEqual([{ entryId, epoch: '', reason: 'has no conversation' }]);
    await consumer.deadLetter(malformed);
    expect(await deadOf('verbatim')).toEqual([['entryId', entryId, 'reason', 'has no conversation', ...fields]]);
    expect(await log.countInProcess()).toBe(0);
  });
});

describe('deadLetter', () => {
  test('keeps the newest 1,000 entries', async () => {
    const log = await open.log({ keyPrefix: 'bounded', maxInProcess: 2_000 });
    const consumer = await open.consumer({ keyPrefix: 'bounded' });
    await open.redis.client.xadd('bounded:{p0}:dead', '*', 'reason', 'the first one');
    await appendMany(log, lobby, 1_000);
    const { entries } = await readAll(consumer);
    await consumer.deadLetter(entries.map((entry) => ({ ...entry, reason: 'odd' })));
    expect(await consumer.countDeadLetters()).toBe(1_000);
    expect((await deadOf('bounded'))[0]?.slice(2, 4)).toEqual(['reason', 'odd']);
  });

  test('keeps all fields, removes the entry and lets the committed offset pass', async () => {
    const log = await open.log({ keyPrefix: 'dead' });
    const consumer = await open.consumer({ keyPrefix: 'dead' });
    await appendMany(log, lobby, 4);
    await appendMany(log, conversation('other'), 1);
    const { entries } = await readAll(consumer);
    const [first, second, third, fourth, other] = entries;
    if (!first || !second || !third || !fourth || !other) throw new Error('five entries were appended');

    await consumer.deadLetter([
      { ...second, reason: 'too odd' },
      { entryId: third.entryId, epoch: third.epoch, reason: 'message not passed' },
      { ...other, reason: 'elsewhere' },
    ]);
    expect(await consumer.countDeadLetters()).toBe(3);
    expect(await log.countInProcess()).toBe(2);
    const epoch = expect.any(String);
    expect(await consumer.complete([first])).toEqual([{ conversationId: 'lobby', storedSeq: 3, epoch }]);
    expect(await consumer.complete([fourth])).toEqual([{ conversationId: 'lobby', storedSeq: 4, epoch }]);
    expect(await log.states([conversation('other')])).toMatchObject([{ storedSeq: 1 }]);

    const { conversationId, seq, createdAtMs, ...draft } = second.message;
    const dead = (await deadOf('dead')).find((fields) => fields.includes('too odd'));
    expect(dead).toEqual([
      ...['entryId', second.entryId, 'reason', 'too odd', 'conversation', conversationId, 'seq', String(seq)],
      ...[
        'time',
        String(createdAtMs),
        'node',
        'chat-server-1',
        'epoch',
        second.epoch,
        'sender',
        'ada',
        'message',
        JSON.stringify(draft),
      ],
    ]);
  });

  test('may be repeated, and ignores entries that are completed', async () => {
    const log = await open.log({ keyPrefix: 'again' });
    const consumer = await open.consumer({ keyPrefix: 'again' });
    await appendMany(log, lobby, 3);
    const { entries } = await readAll(consumer);
    await consumer.complete(entries.slice(0, 1));
    for (let i = 0; i < 2; i++) {
      await consumer.deadLetter(entries.slice(0, 2).map((entry) => ({ ...entry, reason: 'odd' })));
      expect(await consumer.countDeadLetters()).toBe(1);
      expect(await log.countInProcess()).toBe(1);
    }
    await consumer.deadLetter([]);
    expect(await log.states([lobby])).toMatchObject([{ storedSeq: 2 }]);
  });

  test('does not advance the committed offset for an entry that Redis has lost', async () => {
    const log = await open.log({ keyPrefix: 'gone' });
    const consumer = await open.consumer({ keyPrefix: 'gone' });
    await appendMany(log, lobby, 2);
    const { entries } = await readAll(consumer);
    await open.redis.client.flushall();
    await appendMany(log, lobby, 2);
    await consumer.deadLetter(entries.map((entry) => ({ ...entry, reason: 'odd' })));
    expect(await consumer.countDeadLetters()).toBe(0);
    expect(await log.states([lobby])).toMatchObject([{ headSeq: 2, storedSeq: 0 }]);
  });
});
