import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { appendMany, conversation, newLogs, request, type StoredHeads } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');
const epochOf = (keyPrefix: string) => open.redis.client.get(`${keyPrefix}:{p0}:epoch`);

/** Simulates a restart: changes the run id and closes all connections except the test's own. */
async function restart(keyPrefix: string): Promise<void> {
  await open.redis.client.set(`${keyPrefix}:{p0}:run-id`, 'an earlier process');
  await open.redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
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
  await eventually(async () => expect(await log.knownStates([lobby])).toEqual([undefined]));

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
  await appendMany(log, lobby, 3);
  storedHeads.lobby = 9;
  await restart('tail');
  await eventually(async () => expect(await log.states([lobby])).toMatchObject([{ headSeq: 9, storedSeq: 9 }]));
  expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 10 });
  expect(await log.readRecent(lobby, { limit: 3 })).toMatchObject({ fromSeq: 8, toSeq: 10, messages: { length: 1 } });
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
