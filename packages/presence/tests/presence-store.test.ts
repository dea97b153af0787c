import { afterAll, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import { createRedisPresenceBoard, toPresenceChange } from '../src/index.ts';

const server = await newRedis();
const redis = withoutCommandDeadline(
  await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'presence' }),
);
afterAll(() => redis.disconnect());

let boards = 0;
const newBoard = () => {
  boards += 1;
  return createRedisPresenceBoard(redis, { keyPrefix: `test-${boards}` });
};
const [ada, bo, cy] = ['u_ada', 'u_bo', 'u_cy'] as [UserId, UserId, UserId];
const LONG_MS = 600_000;

test('shows people as they were shown last, and those who were never there as offline', async () => {
  const board = newBoard();
  expect(await board.read([])).toEqual([]);
  await board.lead('one', LONG_MS);
  await board.show(
    'one',
    [
      { userId: ada, state: 'online' },
      { userId: bo, state: 'away' },
    ],
    [],
  );
  expect(await board.read([cy, bo, ada])).toEqual([
    { userId: cy, state: 'offline', lastSeenAtMs: undefined },
    { userId: bo, state: 'away' },
    { userId: ada, state: 'online' },
  ]);
  await board.show('one', [{ userId: bo, state: 'offline', lastSeenAtMs: 1_700_000_000_123 }], []);
  expect(await board.read([bo])).toEqual([{ userId: bo, state: 'offline', lastSeenAtMs: 1_700_000_000_123 }]);
  await board.show('one', [{ userId: bo, state: 'online' }], []);
  expect((await board.shown()).people).toEqual(new Map([ada, bo].map((userId) => [userId, 'online'])));
});

test('one service leads at a time: the same one on, another when it steps down or is not heard of', async () => {
  const board = newBoard();
  expect(await board.lead('one', LONG_MS)).toBe('takes-over');
  expect(await board.lead('one', LONG_MS)).toBe('leads');
  expect(await board.lead('two', LONG_MS)).toBe('follows');
  await board.stepDown('two');
  expect(await board.lead('two', LONG_MS)).toBe('follows');
  await board.stepDown('one');
  expect(await board.lead('two', 50)).toBe('takes-over');
  await eventually(async () => expect(await board.lead('one', LONG_MS)).toBe('takes-over'));
});

test('a service that no longer leads changes nothing', async () => {
  const board = newBoard();
  await board.lead('two', LONG_MS);
  expect(await board.show('two', [{ userId: ada, state: 'online' }], [])).toBe(true);
  expect(await board.show('one', [{ userId: ada, state: 'offline', lastSeenAtMs: 1 }], [bo])).toBe(false);
  expect(await board.shown()).toEqual({ people: new Map([[ada, 'online']]), lastTold: [ada] });
});

test('keeps who was told of last, and who is still to be told of', async () => {
  const board = newBoard();
  await board.lead('one', LONG_MS);
  await board.show('one', [{ userId: ada, state: 'online' }], []);
  await board.show('one', [{ userId: bo, state: 'online' }], [ada]);
  expect((await board.shown()).lastTold.sort()).toEqual([ada, bo]);
  await board.show('one', [{ userId: cy, state: 'online' }], []);
  expect((await board.shown()).lastTold).toEqual([cy]);
});

test('forgets that somebody was away with the user', async () => {
  const board = newBoard();
  await board.lead('one', LONG_MS);
  await board.setAway(ada, true);
  await board.setAway(bo, true);
  await board.setAway(bo, false);
  expect(await board.awayUsers()).toEqual(new Set([ada]));
  await board.show('one', [{ userId: ada, state: 'offline', lastSeenAtMs: 1 }], []);
  expect(await board.awayUsers()).toEqual(new Set());
});

test('clients get what the protocol says', () => {
  expect(toPresenceChange({ userId: ada, state: 'away' })).toEqual({
    ...{ userId: ada, online: true, away: true, lastSeenAt: null },
  });
  expect(toPresenceChange({ userId: ada, state: 'offline', lastSeenAtMs: 0 })).toEqual({
    ...{ userId: ada, online: false, lastSeenAt: '1970-01-01T00:00:00.000Z' },
  });
  expect(toPresenceChange({ userId: ada, state: 'offline', lastSeenAtMs: undefined })).toEqual({
    ...{ userId: ada, online: false, lastSeenAt: null },
  });
});
