import { expect, test } from '@jest/globals';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import { createRedisMessageLog } from '../src/index.ts';
import { appendMany, conversation, NO_SENT_MESSAGES, newLogs, readAll, request, type StoredHeads } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');
const epochOf = (keyPrefix: string) => open.redis.client.get(`${keyPrefix}:{p0}:epoch`);

/**
 * Simulates that another process continues with the data: the epoch belongs to an earlier one. No connection is closed, because
 * a failover may be invisible to a connection, for example behind a proxy.
 */
async function restart(keyPrefix: string): Promise<void> {
  await open.redis.client.set(`${keyPrefix}:{p0}:run-id`, `${'0'.repeat(40)} 1767225600000`);
}

test('all processes that connect to one Redis share one epoch', async () => {
  const [first, second] = await Promise.all([open.log({ keyPrefix: 'one' }), open.log({ keyPrefix: 'one' })]);
  await appendMany(first, lobby, 1);
  const epoch = await epochOf('one');
  expect(epoch).toMatch(/^[\w-]{12}$/);
  expect(await second.states([lobby])).toEqual([{ headSeq: 1, storedSeq: 0, membersVersion: '', epoch }]);
});

test('after a restart a head is unknown until it is compared with the store, in a new epoch', async () => {
  const storedHeads: StoredHeads = {};
  const log = await open.log({ keyPrefix: 'restart', storedHeads });
  await appendMany(log, lobby, 3);
  const before = await epochOf('restart');
  await restart('restart');
  expect(await log.knownStates([lobby])).toEqual([undefined]);

  storedHeads.lobby = 1;
  const [state] = await log.states([lobby]);
  expect(state).toMatchObject({ headSeq: 3, storedSeq: 0 });
  expect(state?.epoch).not.toBe(before);
  expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 4 });
  expect(await log.readRecent(lobby, { limit: 5 })).toMatchObject({ fromSeq: 1, toSeq: 4, messages: { length: 4 } });
});

test('a Redis that lost its newest writes continues above the stored messages', async () => {
  const storedHeads: StoredHeads = {};
  const log = await open.log({ keyPrefix: 'tail', storedHeads });
  const consumer = await open.consumer({ keyPrefix: 'tail' });
  await appendMany(log, lobby, 3);
  storedHeads.lobby = 9;
  await restart('tail');
  expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 10 });
  // The first three are in the log: the committed offset waits for them.
  expect(await log.states([lobby])).toMatchObject([{ headSeq: 10, storedSeq: 0 }]);
  expect((await log.readRecent(lobby, { limit: 10 })).messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 10]);
  const { entries } = await readAll(consumer);
  expect(await consumer.complete(entries.slice(0, 3))).toMatchObject([{ storedSeq: 9 }]);
  expect(await consumer.complete(entries.slice(3))).toMatchObject([{ storedSeq: 10 }]);
});

test('a running Redis whose data was deleted begins a new epoch at the next initialisation', async () => {
  const storedHeads: StoredHeads = {};
  const log = await open.log({ keyPrefix: 'deleted', storedHeads });
  await appendMany(log, lobby, 2);
  const before = await epochOf('deleted');
  await open.redis.client.flushall();
  expect(await log.knownStates([lobby])).toEqual([undefined]);
  storedHeads.lobby = 2;
  await log.states([lobby]);
  expect(await epochOf('deleted')).not.toBe(before);
  expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 3 });
});

test('a page is read, and the head initialised again, when another process continues with the data', async () => {
  const storedHeads: StoredHeads = {};
  const log = await open.log({ keyPrefix: 'page', storedHeads });
  await appendMany(log, lobby, 3);
  const before = await epochOf('page');
  storedHeads.lobby = 9;
  await restart('page');
  const { state } = await log.readRecent(lobby, { limit: 1 });
  expect(state).toMatchObject({ headSeq: 9, storedSeq: 0 });
  expect(state.epoch).not.toBe(before);
});

test('an epoch begins once, and records the process and the time at which it began', async () => {
  const log = await open.log({ keyPrefix: 'begun' });
  const fromMs = await open.nowMs();
  await appendMany(log, lobby, 2);
  const untilMs = await open.nowMs();
  const runId = /run_id:(\w+)/.exec(await open.redis.client.info('server'))?.[1];
  const [begunBy, begunAtMs] = ((await open.redis.client.get('begun:{p0}:run-id')) ?? '').split(' ');
  expect(begunBy).toBe(runId);
  expect(Number(begunAtMs)).toBeGreaterThanOrEqual(fromMs);
  expect(Number(begunAtMs)).toBeLessThanOrEqual(untilMs);
  const epoch = await epochOf('begun');
  await appendMany(log, lobby, 2);
  expect(await epochOf('begun')).toBe(epoch);
});

test('each entry has the epoch in which it was appended', async () => {
  const log = await open.log({ keyPrefix: 'entries' });
  const consumer = await open.consumer({ keyPrefix: 'entries' });
  await appendMany(log, lobby, 1);
  const first = await epochOf('entries');
  await restart('entries');
  await appendMany(log, lobby, 1);
  const second = await epochOf('entries');
  const fields = [
    'conversation',
    'lobby',
    'seq',
    3,
    'time',
    1,
    'node',
    'n',
    'message',
    JSON.stringify(request().draft),
  ];
  await open.redis.client.xadd('entries:{p0}:log', '*', ...fields);
  const { entries } = await readAll(consumer);
  // The last one is an entry of an earlier release.
  expect(entries.map(({ epoch }) => epoch)).toEqual([first, second, '']);
  expect(second).not.toBe(first);
});

test('a promoted replica continues in a new epoch', async () => {
  const log = await open.log({ keyPrefix: 'promoted' });
  await appendMany(log, lobby, 3);
  const replica = await newRedis();
  await replica.client.call('REPLICAOF', '127.0.0.1', open.redis.port);
  await eventually(async () => expect(await replica.client.exists('promoted:{p0}:conversation:lobby')).toBe(1));
  const connection = await connectRedis(replica.url, 'command', { logger: silentLogger(), connectionName: 'promoted' });
  try {
    const promoted = createRedisMessageLog(withoutCommandDeadline(connection), {
      maxInProcess: 500,
      keyPrefix: 'promoted',
      stored: { headSeqs: async (ids) => ids.map(() => 9), fillGaps: async () => undefined },
      sentMessages: NO_SENT_MESSAGES,
    });
    await expect(promoted.append(request())).rejects.toThrow(/READONLY/);
    await replica.client.call('REPLICAOF', 'NO', 'ONE');
    expect(await promoted.knownStates([lobby])).toEqual([undefined]);
    expect(await promoted.append(request())).toMatchObject({ kind: 'appended', seq: 10 });
    const [before, after] = [await log.states([lobby]), await promoted.states([lobby])];
    expect(after[0]?.epoch).not.toBe(before[0]?.epoch);
  } finally {
    connection.disconnect();
  }
});

test('states and pages are read while Redis refuses writes', async () => {
  const log = await open.log({ keyPrefix: 'refuses' });
  await appendMany(log, lobby, 1);
  await open.redis.client.config('SET', 'maxmemory', '1');
  try {
    expect(await log.knownStates([lobby])).toMatchObject([{ headSeq: 1 }]);
    expect((await log.readRecent(lobby, { limit: 1 })).messages).toHaveLength(1);
  } finally {
    await open.redis.client.config('SET', 'maxmemory', '0');
  }
});

test('the states of many conversations are read together, in the order of the ids', async () => {
  const log = await open.log({ keyPrefix: 'many', partitions: 2 });
  const ids = Array.from({ length: 150 }, (_, index) => conversation(`c-${index}`));
  const some = ids.filter((_, index) => index % 3 > 0);
  await Promise.all(some.map((id) => appendMany(log, id, 1)));
  const asked = [...ids, ids[1] as (typeof ids)[number]];
  const known = await log.knownStates(asked);
  expect(known.map((state) => state?.headSeq)).toEqual(asked.map((id) => (some.includes(id) ? 1 : undefined)));
});

test('an append keeps a conversation that was to expire', async () => {
  const log = await open.log({ keyPrefix: 'expires' });
  await appendMany(log, lobby, 1);
  const keys = ['conversation', 'recent', 'deletions'].map((kind) => `expires:{p0}:${kind}:lobby`);
  const [hash = '', , deletions = ''] = keys;
  await open.redis.client.zadd(deletions, 1, 'm-deleted');
  await open.redis.client.hset(hash, 'expires', 1);
  for (const key of keys) await open.redis.client.pexpire(key, 600_000);
  await appendMany(log, lobby, 1);
  expect(await Promise.all(keys.map((key) => open.redis.client.pttl(key)))).toEqual([-1, -1, -1]);
  expect(await open.redis.client.hexists(hash, 'expires')).toBe(0);
});
