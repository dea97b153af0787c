import { beforeAll, describe, expect, test } from '@jest/globals';
import type { MessageLog, RecentQuery } from '../src/index.ts';
import { appendMany, conversation, newLogs, readAll, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

/** Reads a page as [fromSeq, toSeq, the seqs from the window]. */
async function page(log: MessageLog, query: RecentQuery) {
  const read = await log.readRecent(lobby, query);
  return [read.fromSeq, read.toSeq, read.messages.map(({ seq }) => seq)];
}

describe('readRecent of ten messages', () => {
  let log: MessageLog;
  beforeAll(async () => {
    log = await open.log({ keyPrefix: 'ten' });
    await appendMany(log, lobby, 10);
  });

  test.each<[string, RecentQuery, unknown]>([
    ['returns the newest', { limit: 3 }, [8, 10, [8, 9, 10]]],
    ['returns all messages when the limit is higher', { limit: 100 }, [1, 10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]],
    ['returns all messages when the limit is their number', { limit: 10 }, [1, 10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]],
    ['returns the newest below a seq', { beforeSeq: 6, limit: 2 }, [4, 5, [4, 5]]],
    ['returns all below a seq near the beginning', { beforeSeq: 3, limit: 5 }, [1, 2, [1, 2]]],
    ['returns nothing below 1', { beforeSeq: 1, limit: 5 }, [1, 0, []]],
    ['returns the newest below a seq beyond the head', { beforeSeq: 99, limit: 2 }, [9, 10, [9, 10]]],
    ['returns the oldest above a seq', { afterSeq: 4, limit: 2 }, [5, 6, [5, 6]]],
    ['returns the oldest above 0', { afterSeq: 0, limit: 2 }, [1, 2, [1, 2]]],
    ['returns the rest above a seq near the head', { afterSeq: 8, limit: 5 }, [9, 10, [9, 10]]],
    ['returns nothing above the head', { afterSeq: 10, limit: 5 }, [11, 10, []]],
    ['returns nothing far above the head', { afterSeq: 99, limit: 5 }, [100, 10, []]],
    ['returns the oldest between two seqs', { afterSeq: 2, beforeSeq: 8, limit: 3 }, [3, 5, [3, 4, 5]]],
    ['returns all between two seqs', { afterSeq: 2, beforeSeq: 5, limit: 9 }, [3, 4, [3, 4]]],
    ['returns nothing between consecutive seqs', { afterSeq: 4, beforeSeq: 5, limit: 9 }, [5, 4, []]],
    ['returns a single message', { afterSeq: 9, limit: 1 }, [10, 10, [10]]],
  ])('%s', async (_, query, expected) => {
    expect(await page(log, query)).toEqual(expected);
  });
});

describe('readRecent', () => {
  test('returns complete messages and the state', async () => {
    const log = await open.log({ keyPrefix: 'whole', storedHeads: { lobby: 7 } });
    const sent = request();
    const outcome = await log.append(sent);
    if (outcome.kind !== 'appended') throw new Error(outcome.kind);
    expect(await log.readRecent(lobby, { limit: 1 })).toEqual({
      state: { headSeq: 8, storedSeq: 7, membersVersion: '', epoch: expect.any(String) },
      fromSeq: 8,
      toSeq: 8,
      messages: [{ ...sent.draft, conversationId: 'lobby', seq: 8, createdAtMs: outcome.createdAtMs }],
      deletedLater: [],
    });
  });

  test('returns an empty page for a conversation without messages', async () => {
    const log = await open.log({ keyPrefix: 'empty' });
    expect(await page(log, { limit: 5 })).toEqual([1, 0, []]);
    expect(await page(log, { afterSeq: 0, limit: 5 })).toEqual([1, 0, []]);
    expect(await page(log, { beforeSeq: 1, limit: 5 })).toEqual([1, 0, []]);
  });

  test('returns only the bounds when every message is in the store', async () => {
    const log = await open.log({ keyPrefix: 'stored', storedHeads: { lobby: 100 } });
    expect(await page(log, { limit: 5 })).toEqual([96, 100, []]);
    expect(await page(log, { afterSeq: 0, limit: 5 })).toEqual([1, 5, []]);
  });

  test('returns the newest part of a page that begins before the window', async () => {
    const log = await open.log({ keyPrefix: 'trimmed' });
    const consumer = await open.consumer({ keyPrefix: 'trimmed', keepRecent: 4 });
    await appendMany(log, lobby, 10);
    const { entries } = await readAll(consumer);
    await consumer.complete(entries.slice(0, 8));
    expect(await page(log, { limit: 8 })).toEqual([3, 10, [5, 6, 7, 8, 9, 10]]);
    expect(await page(log, { beforeSeq: 7, limit: 4 })).toEqual([3, 6, [5, 6]]);
    expect(await page(log, { beforeSeq: 5, limit: 4 })).toEqual([1, 4, []]);
    expect(await page(log, { afterSeq: 3, limit: 3 })).toEqual([4, 6, [5, 6]]);
    expect(await page(log, { afterSeq: 0, limit: 3 })).toEqual([1, 3, []]);
  });

  test('returns the messages on both sides of a gap in the window, within the bounds of the page', async () => {
    const log = await open.log({ keyPrefix: 'gap' });
    await appendMany(log, lobby, 6);
    await open.redis.client.xdel('gap:{p0}:recent:lobby', '4-0');
    expect(await page(log, { limit: 6 })).toEqual([1, 6, [1, 2, 3, 5, 6]]);
    expect(await page(log, { beforeSeq: 5, limit: 2 })).toEqual([3, 4, [3]]);
    expect(await page(log, { afterSeq: 2, limit: 2 })).toEqual([3, 4, [3]]);
  });
});
