import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { acceptMany, conversation, newLogs, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');
const epochOf = (keyPrefix: string) => open.redis.client.get(`${keyPrefix}:{p0}:epoch`);

/** What a restart looks like to who connects next: another run id. All connections but the test's own are cut. */
async function restart(keyPrefix: string): Promise<void> {
  await open.redis.client.set(`${keyPrefix}:{p0}:run-id`, 'an earlier process');
  await open.redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
}

test('all processes that connect to one Redis share one epoch', async () => {
  const [first, second] = await Promise.all([open.log({ keyPrefix: 'one' }), open.log({ keyPrefix: 'one' })]);
  await acceptMany(first, lobby, 1);
  const epoch = await epochOf('one');
  expect(epoch).toMatch(/^[\w-]{12}$/);
  expect(await second.states([lobby])).toEqual([{ headSeq: 1, storedSeq: 0, membersVersion: '', epoch }]);
});

test('after a restart a conversation is unseeded until it was compared with the store, in a new epoch', async () => {
  const log = await open.log({ keyPrefix: 'restart' });
  await acceptMany(log, lobby, 3);
  const before = await epochOf('restart');
  await restart('restart');
  await eventually(async () => expect(await log.states([lobby])).toEqual([undefined]));
  expect(await log.accept(request())).toEqual({ kind: 'unseeded' });
  expect((await log.readRecent(lobby, { limit: 5 })).kind).toBe('unseeded');

  await log.seed(lobby, 1);
  const [state] = await log.states([lobby]);
  expect(state).toMatchObject({ headSeq: 3, storedSeq: 0 });
  expect(state?.epoch).not.toBe(before);
  expect(await log.accept(request())).toMatchObject({ kind: 'accepted', seq: 4 });
  expect(await log.readRecent(lobby, { limit: 5 })).toMatchObject({ fromSeq: 1, toSeq: 4, messages: { length: 4 } });
});

test('a Redis that came back without its newest writes goes on above what is stored', async () => {
  const log = await open.log({ keyPrefix: 'tail' });
  await acceptMany(log, lobby, 3);
  await restart('tail');
  await eventually(() => log.seed(lobby, 9));
  expect(await log.states([lobby])).toMatchObject([{ headSeq: 9, storedSeq: 9 }]);
  expect(await log.accept(request())).toMatchObject({ kind: 'accepted', seq: 10 });
  expect(await log.readRecent(lobby, { limit: 3 })).toMatchObject({ fromSeq: 8, toSeq: 10, messages: { length: 1 } });
});

test('data that was deleted under a living Redis begins a new epoch with the next seed', async () => {
  const log = await open.log({ keyPrefix: 'deleted' });
  await acceptMany(log, lobby, 2);
  const before = await epochOf('deleted');
  await open.redis.client.flushall();
  expect(await log.accept(request())).toEqual({ kind: 'unseeded' });
  await Promise.all([log.seed(lobby, 2), log.seed(lobby, 2)]);
  expect(await epochOf('deleted')).not.toBe(before);
  expect(await log.accept(request())).toMatchObject({ kind: 'accepted', seq: 3 });
});
