import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { appendMany, conversation, newLogs, readAll, request, type StoredHeads, seqsOf } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

describe('a worker whose Redis loses everything', () => {
  test('creates the group again and reads the messages appended since', async () => {
    const log = await open.log({ keyPrefix: 'flush' });
    const consumer = await open.consumer({ keyPrefix: 'flush' });
    await appendMany(log, lobby, 3);
    const { entries } = await readAll(consumer);
    await open.redis.client.flushall();
    await appendMany(log, lobby, 2);

    await consumer.extendClaim(entries.map(({ entryId }) => entryId));
    expect((await consumer.reclaim({ maxEntries: 10 })).entries).toEqual([]);
    await eventually(async () => expect(seqsOf(await readAll(consumer))).toEqual([1, 2]));
  });

  test('recovers during a blocking read', async () => {
    const storedHeads: StoredHeads = {};
    const log = await open.log({ keyPrefix: 'blocked', storedHeads });
    const consumer = await open.consumer({ keyPrefix: 'blocked' });
    const seqs: number[] = [];
    const loop = (async () => {
      while (seqs.length < 2) seqs.push(...seqsOf(await consumer.read({ maxEntries: 10, blockMs: 200 })));
    })();
    await appendMany(log, lobby, 1);
    await eventually(() => expect(seqs).toEqual([1]));
    await open.redis.client.flushall();
    storedHeads.lobby = 1;
    await log.append(request());
    await loop;
    expect(seqs).toEqual([1, 2]);
  });

  test.each(['read', 'reclaim', 'extendClaim'] as const)('creates the group again at the next %s', async (verb) => {
    const keyPrefix = `next-${verb}`;
    const consumer = await open.consumer({ keyPrefix });
    await readAll(consumer);
    await open.redis.client.del(`${keyPrefix}:{p0}:log`);
    if (verb === 'extendClaim') await consumer.extendClaim(['1-1']);
    else if (verb === 'read') await readAll(consumer);
    else await consumer.reclaim({ maxEntries: 1 });
    expect(await open.redis.client.xinfo('GROUPS', `${keyPrefix}:{p0}:log`)).toHaveLength(1);
  });
});

describe('a worker and a log that lose the connection', () => {
  test('reject during the outage and continue after it', async () => {
    const log = await open.log({ keyPrefix: 'cut' });
    const consumer = await open.consumer({ keyPrefix: 'cut' });
    await appendMany(log, lobby, 1);
    await readAll(consumer);
    const reading = consumer.read({ maxEntries: 5, blockMs: 60_000 });
    reading.catch(() => undefined);
    await open.cutBlockedRead();
    await expect(reading).rejects.toThrow();
    const next = request();
    // A duplicate when the first attempt succeeded and its reply was lost.
    await eventually(async () => expect(await log.append(next)).toMatchObject({ seq: 2 }));
    await eventually(async () => expect(seqsOf(await readAll(consumer))).toEqual([2]));
  });
});

describe('a blocking read on a connection that died silently', () => {
  test('rejects after its deadline, as all other calls do, and a new connection serves the next read', async () => {
    const log = await open.log({ keyPrefix: 'silent' });
    const consumer = await open.consumer({ keyPrefix: 'silent' });
    await appendMany(log, lobby, 1);
    expect(seqsOf(await readAll(consumer))).toEqual([1]);
    open.giveDeadlines();
    open.redis.process.kill('SIGSTOP');
    try {
      const calls = await Promise.allSettled([
        consumer.read({ maxEntries: 1, blockMs: 1 }),
        log.readRecent(lobby, { limit: 1 }),
        log.append(request()),
      ]);
      expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    } finally {
      open.redis.process.kill('SIGCONT');
    }
    await eventually(async () => expect(await log.append(request())).toMatchObject({ kind: 'appended' }));
    await eventually(async () => expect(seqsOf(await readAll(consumer))).toContain(2));
  });
});
