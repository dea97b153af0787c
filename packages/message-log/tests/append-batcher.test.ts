import { expect, test } from '@jest/globals';
import type { MessageLog } from '../src/index.ts';
import { conversation, kindAndSeq, newLogs, request, requestsOfEveryKind } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

/** So many in quick succession show that gathering is worth it. */
const RUSH = 200;

/** A log whose accepts gather, in the middle of a rush. */
async function inRush(keyPrefix: string, maxInProcess = 5_000): Promise<MessageLog> {
  const log = await open.log({ keyPrefix, maxInProcess, gatherMs: () => 50 });
  await log.seed(lobby, 0);
  await Promise.all(Array.from({ length: RUSH }, () => log.accept(request())));
  return log;
}

/** How many scripts Redis has run. */
async function scriptsRun(): Promise<number> {
  const stats = await open.redis.client.info('commandstats');
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

test('messages that come together share calls, and each has the answer that it would have had alone', async () => {
  const log = await inRush('shared', RUSH + 3);
  const den = conversation('den');
  await log.seed(den, 7);
  const before = await scriptsRun();
  const requests = requestsOfEveryKind(den);
  const repeated = requests.slice(1, 2);
  const all = [...requests, request({ conversationId: den }), request(), ...repeated];
  const outcomes = await Promise.all(all.map((each) => log.accept(each)));
  expect(outcomes.map(kindAndSeq)).toEqual([
    `accepted ${RUSH + 1}`,
    'accepted 8',
    'unseeded',
    'duplicate 8',
    'conflict',
    'stale-members',
    'accepted 9',
    'busy',
    'duplicate 8',
  ]);
  expect(await scriptsRun()).toBe(before + 1);
});

test('no call carries more than 32 messages', async () => {
  const log = await inRush('bounded');
  const before = await scriptsRun();
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => log.accept(request())));
  expect(outcomes).toEqual(
    Array.from({ length: 100 }, (_, index) => expect.objectContaining({ kind: 'accepted', seq: RUSH + 1 + index })),
  );
  expect(await scriptsRun()).toBe(before + 4);
});

test('what fails for one message fails for it alone', async () => {
  const log = await inRush('alone');
  const broken = conversation('broken');
  await open.redis.client.set('alone:{p0}:conversation:broken', 'not a hash');
  const outcomes = await Promise.allSettled([
    log.accept(request()),
    log.accept(request({ conversationId: broken })),
    log.accept(request()),
  ]);
  expect(outcomes).toEqual([
    { status: 'fulfilled', value: expect.objectContaining({ kind: 'accepted', seq: RUSH + 1 }) },
    { status: 'rejected', reason: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }) },
    { status: 'fulfilled', value: expect.objectContaining({ kind: 'accepted', seq: RUSH + 2 }) },
  ]);
});

test('a message that comes alone waits for nobody', async () => {
  // Longer than the test may take.
  const log = await open.log({ keyPrefix: 'lone', gatherMs: () => 300 });
  await log.seed(lobby, 0);
  const before = await scriptsRun();
  for (let seq = 1; seq <= 3; seq += 1) expect(await log.accept(request())).toMatchObject({ kind: 'accepted', seq });
  expect(await scriptsRun()).toBe(before + 3);
});
