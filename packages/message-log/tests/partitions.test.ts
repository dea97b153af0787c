import { describe, expect, test } from '@jest/globals';
import { partitionOf } from '../src/index.ts';
import { appendMany, conversation, draft, newLogs, readAll, request } from './open-log.ts';

const open = await newLogs();
const conversations = Array.from({ length: 40 }, (_, i) => conversation(`conversation-${i}`));

describe('partitions', () => {
  test('divide the conversations, and every key of a conversation lies in its partition', async () => {
    const log = await open.log({ keyPrefix: 'spread', partitions: 4, maxInProcess: 500 });
    const consumers = await Promise.all(
      [0, 1, 2, 3].map((partition) => open.consumer({ keyPrefix: 'spread', partition, keepRecent: 1 })),
    );
    for (const id of conversations) await appendMany(log, id, 3);
    expect(await log.countInProcess()).toBe(120);
    for (const [partition, consumer] of consumers.entries()) {
      const { entries } = await readAll(consumer);
      expect(entries.length).toBeGreaterThan(0);
      for (const { message } of entries) expect(partitionOf(message.conversationId, 4)).toBe(partition);
      await consumer.deadLetter(entries.slice(0, 1).map((entry) => ({ ...entry, reason: 'odd' })));
      await consumer.complete(entries.filter(({ message }) => message.seq === 3));
    }
    for (const key of await open.redis.client.keys('spread:*')) {
      const [, partition, kind, rest] = /^spread:\{p(\d)\}:(\w+):?(.*)$/.exec(key) ?? [];
      expect(partition).toMatch(/^[0-3]$/);
      if (kind === 'conversation' || kind === 'recent' || kind === 'done') {
        expect(partitionOf(conversation(rest ?? ''), 4)).toBe(Number(partition));
      }
    }
    expect((await log.ledger(1_000)).length).toBe(await log.countInProcess());
  });

  test('have shares that add up to the limit', async () => {
    const log = await open.log({ keyPrefix: 'shares', partitions: 3, maxInProcess: 10 });
    const states = await log.states(conversations);
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        log.append(
          request({
            conversationId: conversations[i % 40] as (typeof conversations)[number],
            membersVersion: states[i % 40]?.membersVersion ?? '',
          }),
        ),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'appended')).toHaveLength(10);
    const lengths = await Promise.all([0, 1, 2].map((p) => open.redis.client.xlen(`shares:{p${p}}:log`)));
    expect(lengths.sort()).toEqual([3, 3, 4]);
  });

  test('depend on the id and the number of partitions only', () => {
    expect(['lobby', 'a', 'b', 'conversation-1'].map((id) => partitionOf(conversation(id), 16))).toEqual([3, 12, 5, 0]);
    expect(partitionOf(conversation('anything'), 1)).toBe(0);
  });

  test('ignore a hash tag in a client-chosen id', async () => {
    const log = await open.log({ keyPrefix: 'tag' });
    await log.append(request({ draft: draft({ clientMessageId: '{p7}' }) }));
    expect(await open.redis.client.exists('tag:{p0}:sent:ada:{p7}')).toBe(1);
  });
});
