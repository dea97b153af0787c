import { expect, test } from '@jest/globals';
import type { MessageLog } from '../src/index.ts';
import { conversation, draft, kindAndSeq, newLogs, request, requestsOfEveryKind, versionOf } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

/** After this many messages in quick succession the log collects messages. */
const RUSH = 200;

/** Opens a log that collects messages under load. Its first ones are system messages, which use nobody's share. */
async function underLoad(keyPrefix: string, { maxInProcess = 5_000, storedHeads = {} } = {}): Promise<MessageLog> {
  const log = await open.log({ keyPrefix, maxInProcess, collectMs: () => 300, storedHeads });
  await log.states([lobby]);
  const next = () => request({ draft: { ...draft(), kind: 'system' } });
  await Promise.all(Array.from({ length: RUSH }, () => log.append(next())));
  return log;
}

/** Returns the number of scripts that Redis has run. */
async function scriptsRun(): Promise<number> {
  const stats = await open.redis.client.info('commandstats');
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

test('concurrent appends share one call, and each has the outcome that it would have had alone', async () => {
  const log = await underLoad('shared', { maxInProcess: RUSH + 4, storedHeads: { den: 6 } });
  const den = conversation('den');
  const membersVersion = await versionOf(log, den);
  // The store is asked about the sender here.
  await log.append(request({ conversationId: den, membersVersion }));
  const before = await scriptsRun();
  const requests = requestsOfEveryKind(den, membersVersion);
  const repeated = requests.slice(1, 2);
  const all = [...requests, request({ conversationId: den, membersVersion }), request(), ...repeated];
  const outcomes = await Promise.all(all.map((each) => log.append(each)));
  expect(outcomes.map(kindAndSeq)).toEqual([
    `appended ${RUSH + 1}`,
    'appended 8',
    'duplicate 8',
    'conflict',
    'stale-members',
    'appended 9',
    'busy',
    'duplicate 8',
  ]);
  expect(await scriptsRun()).toBe(before + 1);
});

test('a call carries at most 32 messages', async () => {
  const log = await underLoad('bounded');
  const before = await scriptsRun();
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => log.append(request())));
  expect(outcomes).toEqual(
    Array.from({ length: 100 }, (_, index) => expect.objectContaining({ kind: 'appended', seq: RUSH + 1 + index })),
  );
  expect(await scriptsRun()).toBe(before + 4);
});

test('a failure of one message does not affect the others of its call', async () => {
  const log = await underLoad('alone');
  const broken = conversation('broken');
  await open.redis.client.set('alone:{p0}:conversation:broken', 'not a hash');
  const outcomes = await Promise.allSettled([
    log.append(request()),
    log.append(request({ conversationId: broken })),
    log.append(request()),
  ]);
  expect(outcomes).toEqual([
    { status: 'fulfilled', value: expect.objectContaining({ kind: 'appended', seq: RUSH + 1 }) },
    { status: 'rejected', reason: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }) },
    { status: 'fulfilled', value: expect.objectContaining({ kind: 'appended', seq: RUSH + 2 }) },
  ]);
});

test('a single message is appended at once', async () => {
  // A wait of this length would exceed the time limit of the test.
  const log = await open.log({ keyPrefix: 'lone', collectMs: () => 300 });
  await log.append(request());
  const before = await scriptsRun();
  for (let seq = 2; seq <= 4; seq += 1) expect(await log.append(request())).toMatchObject({ kind: 'appended', seq });
  expect(await scriptsRun()).toBe(before + 3);
});
