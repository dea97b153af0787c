import { expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { hasRemovalInProgress } from '../src/index.ts';
import { conversation, newLogs, request } from './open-log.ts';

const open = await newLogs();
const den = conversation('den');
const bo = 'bo' as UserId;

test('has an unsettled version of the member list from the beginning of a removal to its end', async () => {
  const log = await open.log({ keyPrefix: 'removals' });
  const versionNow = async () => (await log.states([den]))[0]?.membersVersion ?? '';
  const [one, two] = [await log.beginRemoval(den, bo), await log.beginRemoval(den, bo)];
  expect(await log.unfinishedRemovals(den, bo)).toEqual(expect.arrayContaining([one, two]));
  expect(await log.unfinishedRemovals(den, 'bo2' as UserId)).toEqual([]);
  const during = await versionNow();
  expect(hasRemovalInProgress(during)).toBe(true);
  expect((await log.append(request({ conversationId: den, membersVersion: during }))).kind).toBe('appended');
  await log.membersChanged(den, [one]);
  const afterOne = await versionNow();
  expect(afterOne).not.toBe(during);
  expect(hasRemovalInProgress(afterOne)).toBe(true);
  await log.membersChanged(den, [two]);
  expect(hasRemovalInProgress(await versionNow())).toBe(false);
  expect(await log.unfinishedRemovals(den, bo)).toEqual([]);
});

test.each([-3_600_000, 3_600_000])(
  'ends a removal whose server died, also when the clock moved by %d ms',
  async (ageMs) => {
    const log = await open.log({ keyPrefix: `abandoned${ageMs}` });
    await log.beginRemoval(den, bo);
    await open.redis.client.hset(`abandoned${ageMs}:{p0}:removals:den`, 'old', `${(await open.nowMs()) - ageMs} ${bo}`);
    expect(await log.unfinishedRemovals(den, bo)).toHaveLength(2);
    await log.membersChanged(den);
    expect(await log.unfinishedRemovals(den, bo)).toHaveLength(1);
    expect(await open.redis.client.pttl(`abandoned${ageMs}:{p0}:removals:den`)).toBeGreaterThan(0);
  },
);
