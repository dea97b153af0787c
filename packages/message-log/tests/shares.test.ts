// Above 300 lines: all tests are about one rule, the fair shares of an append, and share their helpers.
import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { seededRandom } from '@parley/testing/seeded-random';
import {
  type AppendOutcome,
  type AppendRequest,
  type MessageLog,
  partitionOf,
  type RedisMessageLogOptions,
} from '../src/index.ts';
import { conversation, draft, newLogs, readAll, request, versionOf } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');
const LIMIT = 100;

type Message = Partial<AppendRequest> & { senderId?: string; in?: string; kind?: 'text' | 'system' | 'edit' };

async function openShared(keyPrefix: string, options: Partial<RedisMessageLogOptions> = {}) {
  const log = await open.log({ keyPrefix, maxInProcess: LIMIT, ...options });
  const versions = new Map<string, string>();
  const append = async ({ senderId = 'ada', in: id = 'lobby', kind = 'text', ...rest }: Message = {}) => {
    const conversationId = conversation(id);
    if (!versions.has(id)) versions.set(id, await versionOf(log, conversationId));
    const membersVersion = versions.get(id) ?? '';
    return log.append(request({ conversationId, membersVersion, draft: { ...draft({ senderId }), kind }, ...rest }));
  };
  return { log, append, ...fillWith(append) };
}

function fillWith(append: (message?: Message) => Promise<AppendOutcome>) {
  return {
    /** Appends until one is refused. Returns how many were appended and the refusal. */
    async fill(next: (index: number) => Message): Promise<[appended: number, refusal: string]> {
      for (let index = 0; ; index += 1) {
        const { kind } = await append(next(index));
        if (kind !== 'appended') return [index, kind];
      }
    },
  };
}

/** Returns the counts as Redis has them, and as the entries of the log say. */
async function countsOf(keyPrefix: string) {
  const key = (name: string) => `${keyPrefix}:{p0}:${name}`;
  const { countedAt: _, ...kept } = await open.redis.client.hgetall(key('places'));
  const entries = await open.redis.client.xrange(key('log'), '-', '+');
  const actual: Record<string, number> = {};
  const active = { s: new Set<string>(), c: new Set<string>() };
  for (const [, flat] of entries) {
    const field = (name: string) => flat[flat.indexOf(name) + 1] as string;
    if (!flat.includes('sender') || field('sender') === '') continue;
    for (const [prefix, id] of [
      ['s', field('sender')],
      ['c', field('conversation')],
    ] as const) {
      actual[`${prefix}:${id}`] = (actual[`${prefix}:${id}`] ?? 0) + 1;
      active[prefix].add(id);
    }
  }
  const expected =
    entries.length === 0
      ? {}
      : { ...actual, total: entries.length, senders: active.s.size, conversations: active.c.size };
  return { kept: Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, Number(value)])), expected };
}

async function expectExactCounts(keyPrefix: string): Promise<void> {
  const { kept, expected } = await countsOf(keyPrefix);
  expect(kept).toEqual(expected);
}

const complete = async (keyPrefix: string, log: MessageLog) => {
  const consumer = await open.consumer({ keyPrefix });
  for (let left = await log.countInProcess(); left > 0; left = await log.countInProcess()) {
    await consumer.complete((await readAll(consumer)).entries);
  }
  return consumer;
};

describe('the share of a sender', () => {
  test('one that floods leaves 10 % of the places to the others, in its conversation and elsewhere', async () => {
    const { append, fill } = await openShared('flood');
    expect(await fill(() => ({}))).toEqual([90, 'over-share']);
    for (const id of ['lobby', 'den', 'lobby', 'den']) {
      expect(await append({ senderId: 'bob', in: id })).toMatchObject({ kind: 'appended' });
    }
    expect(await append()).toEqual({ kind: 'over-share', retryAfterMs: expect.any(Number) });
  });

  test('one that floods many conversations leaves the same', async () => {
    const { append, fill } = await openShared('wide-flood');
    expect(await fill((index) => ({ in: `c${index % 20}` }))).toEqual([90, 'over-share']);
    expect((await append({ senderId: 'bob', in: 'c1' })).kind).toBe('appended');
  });

  test('below its share it may use every free place', async () => {
    const { fill } = await openShared('below');
    expect(await fill((index) => ({ senderId: `u${index % 4}`, in: `c${index % 4}` }))).toEqual([LIMIT, 'busy']);
  });

  test('shrinks as others become active: at most a half, a third, a fourth', async () => {
    const { append, fill } = await openShared('shrink');
    const held = async (senderId: string) => fill(() => ({ senderId, in: `of-${senderId}` }));
    expect(await held('a')).toEqual([90, 'over-share']);
    expect(await held('b')).toEqual([10, 'busy']);
    const consumer = await open.consumer({ keyPrefix: 'shrink' });
    const { entries } = await readAll(consumer);
    const give = async (senderId: string, count: number) => {
      const own = entries.filter(({ message }) => message.senderId === senderId).slice(0, count);
      for (const entry of own) entries.splice(entries.indexOf(entry), 1);
      await consumer.complete(own);
    };
    // c is the third: 34 each. b takes what is free up to its share, a is above its own.
    await give('a', 9);
    expect((await append({ senderId: 'c', in: 'of-c' })).kind).toBe('appended');
    expect((await append({ senderId: 'a', in: 'of-a' })).kind).toBe('over-share');
    expect(await held('b')).toEqual([8, 'busy']);
    await give('a', 40);
    expect(await held('b')).toEqual([30, 'over-share']);
    await expectExactCounts('shrink');
  });

  test('edits count like messages', async () => {
    const { append, fill } = await openShared('edits');
    expect(await fill(() => ({ kind: 'edit' }))).toEqual([90, 'over-share']);
    expect((await append({ senderId: 'bob', kind: 'edit' })).kind).toBe('appended');
  });

  test('system messages do not count, and use every free place', async () => {
    const { append, fill } = await openShared('system');
    expect(await fill(() => ({}))).toEqual([90, 'over-share']);
    expect(await fill(() => ({ kind: 'system' }))).toEqual([10, 'busy']);
    await expectExactCounts('system');
    await complete('system', await open.log({ keyPrefix: 'system' }));
    for (let count = 0; count < 20; count += 1) await append({ kind: 'system' });
    expect(await fill(() => ({}))).toEqual([70, 'over-share']);
    await expectExactCounts('system');
  });
});

describe('the share of a conversation', () => {
  test('many senders in one leave 10 % to the others', async () => {
    const { append, fill } = await openShared('crowd');
    expect(await fill((index) => ({ senderId: `u${index}` }))).toEqual([90, 'over-share']);
    expect(await fill((index) => ({ senderId: `v${index}`, in: 'den' }))).toEqual([10, 'busy']);
    expect((await append({ senderId: 'w' })).kind).toBe('busy');
  });

  test('a flooded one keeps half of the rest for other conversations', async () => {
    const { fill } = await openShared('half');
    expect(await fill(() => ({ senderId: 'greedy' }))).toEqual([90, 'over-share']);
    expect(await fill((index) => ({ senderId: `u${index}` }))).toEqual([5, 'over-share']);
    expect(await fill((index) => ({ senderId: `v${index}`, in: 'den' }))).toEqual([5, 'busy']);
  });
});

describe('places are free again', () => {
  test('when a message is completed, by whichever worker', async () => {
    const { log, append, fill } = await openShared('back');
    await fill((index) => ({ in: `c${index % 3}` }));
    const dead = await open.consumer({ keyPrefix: 'back', consumerName: 'dead' });
    await readAll(dead);
    const other = await open.consumer({ keyPrefix: 'back', consumerName: 'other', reclaimAfterMs: 0 });
    const { entries } = await other.reclaim({ maxEntries: 500 });
    await other.complete(entries.slice(0, 50));
    // It is settled already.
    await dead.complete(entries.slice(0, 50));
    await expectExactCounts('back');
    await other.complete(entries.slice(50));
    expect(await open.redis.client.exists('back:{p0}:places')).toBe(0);
    expect(await log.countInProcess()).toBe(0);
    expect((await append()).kind).toBe('appended');
  });

  test('when a message goes to the dead letters, malformed or not', async () => {
    const { append } = await openShared('dead');
    await append();
    await append({ senderId: 'bob' });
    const consumer = await open.consumer({ keyPrefix: 'dead' });
    const key = 'dead:{p0}:log';
    await open.redis.client.xadd(key, '*', 'conversation', 'lobby', 'sender', 'eve', 'message', '{');
    await open.redis.client.xadd(key, '*', 'odd', 'fields');
    await append({ senderId: 'bob' });
    await expectExactCounts('dead');
    const { entries, malformed } = await readAll(consumer);
    const reasons = [...malformed, ...entries.slice(0, 2)].map((each) => ({ ...each, reason: 'poison' }));
    await consumer.deadLetter(reasons);
    await expectExactCounts('dead');
    await consumer.complete(entries.slice(2));
    expect(await open.redis.client.exists('dead:{p0}:places')).toBe(0);
  });

  test('in every order of appends, completions, dead letters and reclaims', async () => {
    const random = seededRandom(25);
    const pick = (count: number) => Math.floor(random() * count);
    const { append } = await openShared('random', { maxInProcess: 40 });
    const consumers = await Promise.all(
      ['one', 'two'].map((consumerName) => open.consumer({ keyPrefix: 'random', consumerName, reclaimAfterMs: 0 })),
    );
    for (let step = 0; step < 300; step += 1) {
      const consumer = consumers[pick(2)] as (typeof consumers)[number];
      const action = pick(6);
      if (action < 4) {
        const burst = Array.from({ length: 1 + pick(8) }, () =>
          append({ senderId: `u${pick(5)}`, in: `c${pick(4)}`, kind: pick(8) === 0 ? 'system' : 'text' }),
        );
        await Promise.all(burst);
      } else {
        const { entries } =
          pick(3) === 0
            ? await consumer.reclaim({ maxEntries: 10 })
            : await consumer.read({ maxEntries: 10, blockMs: 0 });
        if (action === 4) await consumer.complete(entries);
        else await consumer.deadLetter(entries.map((entry) => ({ ...entry, reason: 'random' })));
      }
      await expectExactCounts('random');
    }
  });
});

describe('counts that are not those of the log', () => {
  test('entries of an earlier release, which have no sender, count for nobody', async () => {
    const { append, fill } = await openShared('release');
    await append({ senderId: 'bob' });
    const [[, fields]] = (await open.redis.client.xrange('release:{p0}:log', '-', '+')) as [[string, string[]]];
    const at = fields.indexOf('sender');
    const old = [...fields.slice(0, at), ...fields.slice(at + 2)];
    for (let count = 0; count < 20; count += 1) await open.redis.client.xadd('release:{p0}:log', '*', ...old);
    expect(await fill(() => ({}))).toEqual([69, 'over-share']);
    await expectExactCounts('release');
    const consumer = await open.consumer({ keyPrefix: 'release' });
    const { entries } = await readAll(consumer);
    await consumer.complete(entries.slice(0, 50));
    await expectExactCounts('release');
  });

  test.each<[string, (key: (name: string) => string) => Promise<unknown>]>([
    [
      'a worker of an earlier release completed messages',
      async (key) => {
        const entries = await open.redis.client.xrange(key('log'), '-', '+', 'COUNT', 20);
        await open.redis.client.xdel(key('log'), ...entries.map(([id]) => id));
      },
    ],
    ['the log is gone', (key) => open.redis.client.del(key('log'))],
    ['the counts are gone', (key) => open.redis.client.del(key('places'))],
    ['the counts are wrong', (key) => open.redis.client.hset(key('places'), 'total', 7, 's:ada', 1, 's:ghost', 50)],
    ['Redis lost its data', () => open.redis.client.flushall()],
  ])('are corrected by the next append when %s', async (name, damage) => {
    const keyPrefix = name.replaceAll(' ', '-');
    const { append } = await openShared(keyPrefix);
    for (let count = 0; count < 40; count += 1) await append({ senderId: `u${count % 3}` });
    await damage((key) => `${keyPrefix}:{p0}:${key}`);
    await eventually(async () => expect((await append({ senderId: 'bob', membersVersion: '' })).kind).toBe('appended'));
    await expectExactCounts(keyPrefix);
  });

  test('a long log is counted again once a second at most', async () => {
    const { append } = await openShared('long', { maxInProcess: 1_000 });
    for (let count = 0; count < 300; count += 1) await append({ senderId: `u${count % 7}`, in: `c${count % 5}` });
    await open.redis.client.del('long:{p0}:places');
    await append();
    await expectExactCounts('long');
    // Repeated, because a second may pass between two commands on a busy machine.
    await eventually(async () => {
      await open.redis.client.hset('long:{p0}:places', 'total', 1, 'countedAt', await open.nowMs());
      await append();
      expect(await open.redis.client.hget('long:{p0}:places', 'total')).toBe('2');
    });
    await eventually(async () => {
      await append();
      await expectExactCounts('long');
    });
  });
});

test('each partition has its own shares', async () => {
  const { append, fill } = await openShared('partitions', { partitions: 2, maxInProcess: 200 });
  const idIn = (partition: number) =>
    Array.from({ length: 20 }, (_, index) => `c${index}`).find((id) => partitionOf(conversation(id), 2) === partition);
  expect(await fill(() => ({ in: idIn(0) ?? '' }))).toEqual([90, 'over-share']);
  expect((await append({ in: idIn(1) ?? '' })).kind).toBe('appended');
});

test('appends of one call are counted like those of separate calls', async () => {
  const { log } = await openShared('batched', { collectMs: () => 20 });
  await log.states([lobby]);
  const rush = (senderId: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => log.append(request({ draft: draft({ senderId }) }))));
  const kinds = (await rush('ada', 200)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'appended')).toHaveLength(90);
  expect(kinds.filter((kind) => kind === 'over-share')).toHaveLength(110);
  expect((await rush('bob', 5)).map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'appended'));
  await expectExactCounts('batched');
});

test('the number of holders and the largest of them are known, over all partitions', async () => {
  const { log, append } = await openShared('holders', { partitions: 3 });
  const nobody = { count: 0, largest: 0 };
  expect(await log.holders()).toEqual({ sender: nobody, conversation: nobody });
  for (let count = 0; count < 12; count += 1)
    await append({ in: `c${count % 4}`, senderId: count % 3 ? 'ada' : 'bob' });
  await append({ in: 'c1', senderId: 'bob', kind: 'system' });
  expect(await log.holders()).toEqual({ sender: { count: 2, largest: 8 }, conversation: { count: 4, largest: 3 } });
});
