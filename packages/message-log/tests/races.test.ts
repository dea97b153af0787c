import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { conversation, draft, newLogs, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

describe.each([
  { name: 'concurrent appends', collectMs: 0 },
  { name: 'concurrent appends in batches', collectMs: 20 },
])('$name', ({ collectMs }) => {
  test('get seq 1 to N without a gap or repeat, in the order of time, from many senders on several connections', async () => {
    const options = { collectMs: () => collectMs, keyPrefix: `order-${collectMs}`, maxInProcess: 10_000 };
    const logs = await Promise.all([open.log(options), open.log(options), open.log(options)]);
    const outcomes = await Promise.all(
      Array.from({ length: 150 }, async (_, sender) => {
        const own = [];
        for (let i = 0; i < 20; i += 1) {
          own.push(await logs[sender % 3]?.append(request({ draft: draft({ senderId: `user-${sender % 50}` }) })));
        }
        return own;
      }),
    );
    const appended = outcomes.flat().flatMap((outcome) => (outcome?.kind === 'appended' ? [outcome] : []));
    appended.sort((a, b) => a.seq - b.seq);
    expect(appended.map(({ seq }) => seq)).toEqual(Array.from({ length: 3_000 }, (_, i) => i + 1));
    const times = appended.map(({ createdAtMs }) => createdAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('with one clientMessageId are appended once and all get the same seq', async () => {
    const options = { collectMs: () => collectMs, keyPrefix: `once-${collectMs}` };
    const logs = await Promise.all([open.log(options), open.log(options), open.log(options)]);
    for (let round = 1; round <= 50; round++) {
      const clientMessageId = `round-${round}`;
      const outcomes = await Promise.all(
        logs.map((log) => log.append(request({ draft: draft({ clientMessageId, text: 'the same' }) }))),
      );
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['appended', 'duplicate', 'duplicate']);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ seq: round });
    }
  });

  test('reach exactly the limit of messages in process and never exceed it while workers complete entries', async () => {
    const options = { collectMs: () => collectMs, keyPrefix: `limit-${collectMs}`, maxInProcess: 20 };
    const logs = await Promise.all([open.log(options), open.log(options), open.log(options)]);
    // Two conversations: one alone may not use all places.
    const conversations = [lobby, conversation('den')];
    const states = await logs[0].states(conversations);
    const consumers = await Promise.all(
      ['worker-1', 'worker-2'].map((consumerName) => open.consumer({ keyPrefix: `limit-${collectMs}`, consumerName })),
    );

    const lengths: number[] = [];
    let sending = true;
    let refused = 0;
    const watch = async () => {
      const watcher = await open.connection('command');
      while (sending) lengths.push(await watcher.xlen(`limit-${collectMs}:{p0}:log`));
    };
    const send = async (sender: number) => {
      let appended = 0;
      const to = {
        conversationId: conversations[sender % 2] ?? lobby,
        membersVersion: states[sender % 2]?.membersVersion ?? '',
      };
      while (appended < 100) {
        const message = request({ ...to, draft: draft({ senderId: `user-${sender}` }) });
        const outcome = await logs[sender % 3]?.append(message);
        if (outcome?.kind === 'appended') appended += 1;
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
    // The log stays full until the first worker begins.
    await eventually(() => expect(refused).toBeGreaterThan(0));
    await eventually(() => expect(Math.max(...lengths)).toBe(20));
    await Promise.all([senders, watching, ...consumers.map(work)]);

    expect(refused).toBeGreaterThan(0);
    expect(Math.max(...lengths)).toBe(20);
    expect(await logs[0]?.countInProcess()).toBe(0);
    expect(await logs[0].states(conversations)).toEqual(
      states.map(({ membersVersion, epoch }) => ({ headSeq: 1_500, storedSeq: 1_500, membersVersion, epoch })),
    );
  });

  test('succeed exactly up to the limit when no entry is completed', async () => {
    const options = { collectMs: () => collectMs, keyPrefix: `exact-${collectMs}`, maxInProcess: 50 };
    const logs = await Promise.all([open.log(options), open.log(options)]);
    const conversations = ['a', 'b', 'c', 'd'].map(conversation);
    const states = await logs[0].states(conversations);
    const next = (index: number) =>
      request({
        conversationId: conversations[index % 4] ?? lobby,
        membersVersion: states[index % 4]?.membersVersion ?? '',
        draft: draft({ senderId: `user-${index}` }),
      });
    const outcomes = await Promise.all(Array.from({ length: 400 }, (_, i) => logs[i % 2]?.append(next(i))));
    expect(outcomes.filter((outcome) => outcome?.kind === 'appended')).toHaveLength(50);
    const refused = outcomes.filter((outcome) => outcome?.kind === 'busy' || outcome?.kind === 'over-share');
    expect(refused).toHaveLength(350);
    expect(await logs[0]?.countInProcess()).toBe(50);
  });
});
