import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { createRedisMessageLog } from '../src/index.ts';
import { acceptMany, conversation, newLogs, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

test('nothing is accepted between a reconnect and the check of the epoch', async () => {
  const redis = await open.connection('command');
  const calls: Promise<unknown>[] = [];
  let isCalling = false;
  const log = createRedisMessageLog(redis, { maxInProcess: 500, keyPrefix: 'between' });
  await acceptMany(log, lobby, 3);
  await open.redis.client.set('between:{p0}:run-id', 'an earlier process');
  const call = () => {
    if (!isCalling) return;
    calls.push(log.accept(request()).catch(() => undefined));
    setTimeout(call, 0);
  };
  redis.once('close', () => {
    isCalling = true;
    call();
  });
  const ready = once(redis, 'ready');
  await open.redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await ready;
  isCalling = false;
  const outcomes = await Promise.all(calls);
  expect(outcomes).not.toContainEqual(expect.objectContaining({ kind: 'accepted' }));
  await eventually(async () => expect(await log.states([lobby])).toEqual([undefined]));
});
