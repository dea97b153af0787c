import { expect, test } from '@jest/globals';
import { describeWithMovableClock, eventually, MovableClock, newTemporaryDirectory } from '@parley/testing';
import { appendMany, conversation, newLogs, readAll, seqsOf } from './open-log.ts';

const clock = new MovableClock(await newTemporaryDirectory());
const open = await newLogs(clock.env);
const lobby = conversation('lobby');

describeWithMovableClock('when the clock of Redis is set back by an hour', () => {
  test('the entries of a worker that died before are reclaimed after the usual time, and those of a live one are not', async () => {
    const reclaimAfterMs = 2_000;
    const log = await open.log({ keyPrefix: 'back' });
    const consumer = (consumerName: string) => open.consumer({ keyPrefix: 'back', consumerName, reclaimAfterMs });
    const [dead, busy, other] = [await consumer('dead'), await consumer('busy'), await consumer('other')];
    await appendMany(log, lobby, 1);
    expect(seqsOf(await readAll(dead))).toEqual([1]);
    await appendMany(log, lobby, 1);
    const { entries } = await readAll(busy);
    expect(await other.reclaim({ maxEntries: 10 })).toEqual({ entries: [], malformed: [] });
    const before = await open.nowMs();
    clock.setOffset(-3_600);
    await eventually(async () => expect(await open.nowMs()).toBeLessThan(before));
    const reclaimed = await eventually(async () => {
      await busy.extendClaim(entries.map(({ entryId }) => entryId));
      const batch = await other.reclaim({ maxEntries: 10 });
      expect(batch.entries.length).toBeGreaterThan(0);
      return batch;
    }, 30_000);
    expect(seqsOf(reclaimed)).toEqual([1]);
  });
});
