import { expect, test } from '@jest/globals';
import type { LogEntry } from '@parley/message-log';
import { seededRandom } from '@parley/testing/seeded-random';
import { expectGapFree, newConversationId, newWorkerRig, type TestWorker, traced } from './worker-rig.ts';

const STEPS = 60;

test.each([1, 2, 3])(
  'a message that was reported as stored stays stored when Redis loses data and workers save late (run %i)',
  async (run) => {
    const random = seededRandom(run);
    const rig = await newWorkerRig();
    const id = newConversationId();
    const workers = [await rig.worker('one'), await rig.worker('two')] as const;
    const reported: { epoch: string; messageIds: string[] }[] = [];
    /** Entries that some process has read and may still save at any time, because it was frozen. */
    const held: LogEntry[] = [];
    let appendedInEpoch: string[] = [];
    let isSnapshotTaken = false;

    const noteStored = async (worker: TestWorker) => {
      for (const { storedSeq, epoch } of worker.stored.splice(0)) {
        const stored = await rig.store.readRange(id, 1, storedSeq);
        expectGapFree(stored);
        expect(stored).toHaveLength(storedSeq);
        reported.push({ epoch, messageIds: stored.map((message) => message.id) });
      }
    };
    const steps = {
      async append() {
        const [seq] = await rig.say(id, `text ${held.length}`);
        const { messages } = await rig.log.readRecent(id, { limit: 1 });
        appendedInEpoch.push(messages.at(-1)?.id as string);
        expect(messages.at(-1)?.seq).toBe(seq);
      },
      async read(worker: TestWorker) {
        held.push(...(await worker.read()));
      },
      async save(worker: TestWorker) {
        await worker.save();
        await noteStored(worker);
      },
      async saveLate() {
        const entry = held[Math.floor(random() * held.length)];
        if (entry) await rig.store.saveBatch([traced(entry)]);
      },
      async snapshot() {
        await rig.redis.snapshot();
        isSnapshotTaken = true;
      },
      async restore() {
        if (!isSnapshotTaken) return;
        await rig.restore();
        appendedInEpoch = [];
      },
    };
    const deck = [
      'append',
      'append',
      'append',
      'append',
      'read',
      'read',
      'save',
      'saveLate',
      'snapshot',
      'restore',
    ] as const;
    for (let step = 0; step < STEPS; step += 1) {
      const name = deck[Math.floor(random() * deck.length)] as (typeof deck)[number];
      await steps[name](workers[random() < 0.5 ? 0 : 1]);
    }
    for (const worker of workers) await steps.save(worker);
    await rig.drain();

    const [state] = await rig.log.states([id]);
    const history = await rig.store.readRange(id, 1, state?.headSeq ?? 0);
    expectGapFree(history);
    expect(state).toMatchObject({ headSeq: history.length, storedSeq: history.length });
    const finalIds = history.map((message) => message.id as string);
    for (const { messageIds } of reported) expect(finalIds.slice(0, messageIds.length)).toEqual(messageIds);
    expect(finalIds).toEqual(expect.arrayContaining(appendedInEpoch));
  },
);
