import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { createRedisMessageLog } from '../src/index.ts';
import { appendMany, conversation, NO_SENT_MESSAGES, newLogs, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

test('nothing is appended in the old epoch while the connection is replaced', async () => {
  const redis = await open.connection('command');
  const calls: Promise<unknown>[] = [];
  let isCalling = false;
  let isStoreAvailable = true;
  const log = createRedisMessageLog(redis, {
    maxInProcess: 500,
    keyPrefix: 'between',
    sentMessages: NO_SENT_MESSAGES,
    // Without the store an unknown head stays unknown.
    stored: {
      headSeqs: async () => (isStoreAvailable ? [0] : Promise.reject(new Error('the store is unavailable'))),
      fillGaps: async () => undefined,
    },
  });
  await appendMany(log, lobby, 3);
  await open.redis.client.set('between:{p0}:run-id', `${'0'.repeat(40)} 1767225600000`);
  const call = () => {
    if (!isCalling) return;
    calls.push(log.append(request()).catch(() => undefined));
    setTimeout(call, 0);
  };
  redis.once('close', () => {
    isStoreAvailable = false;
    isCalling = true;
    call();
  });
  const ready = once(redis, 'ready');
  await open.redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await ready;
  isCalling = false;
  const outcomes = await Promise.all(calls);
  expect(outcomes).not.toContainEqual(expect.objectContaining({ kind: 'appended' }));
  await eventually(async () => expect(await log.knownStates([lobby])).toEqual([undefined]));
});
