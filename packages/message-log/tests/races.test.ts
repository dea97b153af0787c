import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { conversation, draft, newLogs, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

describe.each([
  { name: 'racing callers', gatherMs: 0 },
  { name: 'racing callers who gather', gatherMs: 20 },
])('$name', ({ gatherMs }) => {
  test('get seq 1 to N without a gap or repeat, in the order of time, from many senders on several connections', async () => {
    const options = { gatherMs: () => gatherMs, keyPrefix: `order-${gatherMs}`, maxInProcess: 10_000 };
    const logs = await Promise.all([open.log(options), open.log(options), open.log(options)]);
    await Promise.all(logs.map((log) => log.seed(lobby, 0)));
    const outcomes = await Promise.all(
      Array.from({ length: 150 }, async (_, sender) => {
        const own = [];
        for (let i = 0; i < 20; i += 1) {
          own.push(await logs[sender % 3]?.accept(request({ draft: draft({ senderId: `user-${sender % 50}` }) })));
        }
        return own;
      }),
    );
    const accepted = outcomes.flat().flatMap((outcome) => (outcome?.kind === 'accepted' ? [outcome] : []));
    accepted.sort((a, b) => a.seq - b.seq);
    expect(accepted.map(({ seq }) => seq)).toEqual(Array.from({ length: 3_000 }, (_, i) => i + 1));
    const times = accepted.map(({ createdAtMs }) => createdAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('with one clientMessageId are accepted once and all told the same seq', async () => {
    const options = { gatherMs: () => gatherMs, keyPrefix: `once-${gatherMs}` };
    const logs = await Promise.all([open.log(options), open.log(options), open.log(options)]);
    await logs[0]?.seed(lobby, 0);
    for (let round = 1; round <= 50; round++) {
      const clientMessageId = `round-${round}`;
      const outcomes = await Promise.all(logs.map((log) => log.accept(request({ draft: draft({ clientMessageId }) }))));
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['accepted', 'duplicate', 'duplicate']);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ seq: round });
    }
  });

  test('fill the places to exactly the limit and never beyond, while workers free them', async () => {
    const options = { gatherMs: () => gatherMs, keyPrefix: `limit-${gatherMs}`, maxInProcess: 20 };
    const logs = await Promise.all([open.log(options), open.log(options), open.log(options)]);
    const consumers = await Promise.all(
      ['worker-1', 'worker-2'].map((consumerName) => open.consumer({ keyPrefix: `limit-${gatherMs}`, consumerName })),
    );
    await logs[0]?.seed(lobby, 0);

    const lengths: number[] = [];
    let sending = true;
    let refused = 0;
    const watch = async () => {
      const watcher = await open.connection('command');
      while (sending) lengths.push(await watcher.xlen(`limit-${gatherMs}:{p0}:log`));
    };
    const send = async (sender: number) => {
      let accepted = 0;
      while (accepted < 100) {
        const outcome = await logs[sender % 3]?.accept(request({ draft: draft({ senderId: `user-${sender}` }) }));
        if (outcome?.kind === 'accepted') accepted += 1;
        else refused += 1;
      }
    };
    const work = async (consumer: (typeof consumers)[number]) => {
      let completed = 0;
      while (sending || completed > 0) {
        const { entries } = await consumer.read({ maxEntries: 7, blockMs: 5 });
        await consumer.complete(entries);
        completed = entries.length;
      }
    };
    const senders = Promise.all(Array.from({ length: 30 }, (_, sender) => send(sender))).finally(() => {
      sending = false;
    });
    const watching = watch();
    // Until the first worker begins the log stays full.
    await eventually(() => expect(refused).toBeGreaterThan(0));
    await eventually(() => expect(Math.max(...lengths)).toBe(20));
    await Promise.all([senders, watching, ...consumers.map(work)]);

    expect(refused).toBeGreaterThan(0);
    expect(Math.max(...lengths)).toBe(20);
    expect(await logs[0]?.inProcess()).toBe(0);
    expect(await logs[0]?.states([lobby])).toEqual([
      { headSeq: 3_000, storedSeq: 3_000, membersVersion: '', epoch: expect.any(String) },
    ]);
  });

  test('take exactly the places that there are', async () => {
    const options = { gatherMs: () => gatherMs, keyPrefix: `exact-${gatherMs}`, maxInProcess: 50 };
    const logs = await Promise.all([open.log(options), open.log(options)]);
    await logs[0]?.seed(lobby, 0);
    const outcomes = await Promise.all(Array.from({ length: 400 }, (_, i) => logs[i % 2]?.accept(request())));
    expect(outcomes.filter((outcome) => outcome?.kind === 'accepted')).toHaveLength(50);
    expect(outcomes.filter((outcome) => outcome?.kind === 'busy')).toHaveLength(350);
    expect(await logs[0]?.inProcess()).toBe(50);
  });
});
