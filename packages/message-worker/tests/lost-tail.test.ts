import { afterEach, describe, expect, test } from '@jest/globals';
import type { LogEntry } from '@parley/message-log';
import { counterOf, expectGapFree, newConversationId, newWorkerRig, textsOf, traced } from './worker-rig.ts';

const rig = await newWorkerRig();
const { log, store } = rig;
afterEach(() => rig.drain());

const LOG = 'parley:{p0}:log';

/** A placeholder of a lost message. */
const lost = 'system of system';

describe('messages that Redis lost before they were saved', () => {
  test('leave placeholders, and numbering continues above what another worker saved', async () => {
    const id = newConversationId();
    const [one, two] = [await rig.worker('one-1'), await rig.worker('two-1')];
    await rig.say(id, ...'abcdefghij');
    await one.read();
    await one.save();
    await rig.redis.snapshot();
    await rig.say(id, 'k', 'l');
    await one.read();
    expect(await rig.say(id, 'm')).toEqual([13]);
    await two.read();
    await two.save();
    const before = (await log.states([id]))[0];

    await rig.restore();
    const [state] = await log.states([id]);
    expect(state).toMatchObject({ headSeq: 13, storedSeq: 13 });
    expect(state?.epoch).not.toBe(before?.epoch);
    const history = await rig.history(id);
    expect(textsOf(history)).toEqual([...'abcdefghij', lost, lost, 'm']);
    expectGapFree(history);
    expect(await rig.say(id, 'n')).toEqual([14]);

    // The first worker lives after all. Its entries are too late.
    await one.save();
    expect(await counterOf(one, 'chat_messages_lost_total')).toBe(2);
    expect(textsOf(await rig.history(id))).toEqual([...'abcdefghij', lost, lost, 'm', 'n']);
  });

  test('are saved by the worker that holds them if nobody has used the conversation since', async () => {
    const id = newConversationId();
    const one = await rig.worker('one-2');
    await rig.say(id, 'a', 'b');
    await one.read();
    await one.save();
    await rig.redis.snapshot();
    await rig.say(id, 'c', 'd');
    await one.read();
    await rig.restore();
    await one.save();
    expect(await log.states([id])).toMatchObject([{ headSeq: 4, storedSeq: 4 }]);
    expect(textsOf(await rig.history(id))).toEqual(['a', 'b', 'c', 'd']);
    expect(await rig.say(id, 'e')).toEqual([5]);
  });

  test('are not lost if a worker that lives has read them: it saves them also while Redis is down', async () => {
    const id = newConversationId();
    const one = await rig.worker('one-down');
    await rig.redis.snapshot();
    await rig.say(id, 'a', 'b');
    await one.read();
    await rig.redis.kill();
    await expect(one.save()).rejects.toThrow();
    await rig.restore();
    expect(await rig.say(id, 'c')).toEqual([3]);
    await one.save();
    expect(textsOf(await rig.history(id))).toEqual(['a', 'b', 'c']);
    expect(one.saver.size).toBe(0);
  });

  test('do not hide those that are in the log, and the committed offset waits for them', async () => {
    const id = newConversationId();
    const [one, two] = [await rig.worker('one-3'), await rig.worker('two-3')];
    await rig.say(id, 'a');
    await one.read();
    await one.save();
    await rig.say(id, 'b', 'c');
    await one.read();
    await rig.redis.snapshot();
    await rig.say(id, 'd', 'e');
    await one.read();
    await rig.say(id, 'f');
    await two.read();
    await two.save();
    await rig.restore();

    expect(await log.states([id])).toMatchObject([{ headSeq: 6, storedSeq: 1 }]);
    expect(textsOf(await rig.history(id))).toEqual(['a', 'b', 'c', lost, lost, 'f']);
    await one.save();
    expect(one.stored.at(-1)).toMatchObject({ conversationId: id, storedSeq: 6 });
    expect(await log.states([id])).toMatchObject([{ headSeq: 6, storedSeq: 6 }]);
    expect(textsOf(await store.readRange(id, 1, 9))).toEqual(['a', 'b', 'c', lost, lost, 'f']);
  });

  test('leave placeholders also when Redis has lost the whole conversation', async () => {
    const id = newConversationId();
    const [one, two] = [await rig.worker('one-4'), await rig.worker('two-4')];
    await rig.redis.snapshot();
    await rig.say(id, 'a', 'b');
    await one.read();
    await rig.say(id, 'c');
    await two.read();
    await two.save();
    await rig.restore();
    expect(await rig.say(id, 'd')).toEqual([4]);
    await one.save();
    expect(textsOf(await rig.history(id))).toEqual([lost, lost, 'c', 'd']);
  });
});

describe('an entry of an ended epoch whose seq belongs to another message', () => {
  async function loseOne() {
    const id = newConversationId();
    const [one, two] = [await rig.worker(`one-${id}`), await rig.worker(`two-${id}`)];
    await rig.say(id, 'a', 'b');
    await one.read();
    await one.save();
    await rig.redis.snapshot();
    await rig.say(id, 'old c');
    const [old] = (await one.read()) as [LogEntry];
    await rig.restore();
    return { id, one, two, old };
  }

  test('is replaced when it was saved first', async () => {
    const { id, two, old } = await loseOne();
    expect(await rig.say(id, 'new c')).toEqual([3]);
    await store.saveBatch([traced(old)]);
    await two.read();
    await two.save();
    expect(textsOf(await store.readRange(id, 1, 9))).toEqual(['a', 'b', 'new c']);
    expect(await store.findById(old.message.id)).toBeUndefined();
    expect(await counterOf(two, 'chat_messages_replaced_total')).toBe(1);
    expect(await two.consumer.countDeadLetters()).toBe(0);
    const [state] = await log.states([id]);
    expect(state).toMatchObject({ headSeq: 3, storedSeq: 3 });
    expect(two.stored).toEqual([{ conversationId: id, storedSeq: 3, epoch: state?.epoch }]);
  });

  test('is dropped when it comes second', async () => {
    const { id, one, two } = await loseOne();
    expect(await rig.say(id, 'new c')).toEqual([3]);
    await two.read();
    await two.save();
    const storedBefore = one.stored.length;
    await one.save();
    expect(textsOf(await store.readRange(id, 1, 9))).toEqual(['a', 'b', 'new c']);
    expect(await counterOf(one, 'chat_messages_lost_total')).toBe(1);
    expect(await one.consumer.countDeadLetters()).toBe(0);
    expect(one.stored).toHaveLength(storedBefore);
  });

  test('is replaced when it was saved just after the initialisation had read the store', async () => {
    const { id, one, two, old } = await loseOne();
    const late = await rig.openLog({
      async headSeqs(ids) {
        const heads = await store.headSeqs(ids);
        await store.saveBatch([traced(old)]);
        return heads;
      },
    });
    expect(await late.states([id])).toMatchObject([{ headSeq: 2 }]);
    expect(await rig.say(id, 'new c')).toEqual([3]);
    expect(await store.findById(old.message.id)).toMatchObject({ seq: 3 });
    await two.read();
    await two.save();
    await one.save();
    expect(textsOf(await store.readRange(id, 1, 9))).toEqual(['a', 'b', 'new c']);
    expect(await log.states([id])).toMatchObject([{ headSeq: 3, storedSeq: 3 }]);
  });

  test('does not move the committed offset or the head, and is not reported as stored', async () => {
    const { id, one, old } = await loseOne();
    expect(await rig.say(id, 'new c')).toEqual([3]);
    const [before] = await log.states([id]);
    expect(await one.consumer.complete([old])).toMatchObject([{ storedSeq: 2, epoch: before?.epoch }]);
    expect(await log.states([id])).toEqual([before]);
    expect(await log.countInProcess()).toBe(1);
  });
});

describe('after a loss, a Redis whose clock was set back gives the ids of lost entries to new ones', () => {
  async function reuseAnId() {
    const id = newConversationId();
    const [one, two] = [await rig.worker(`one-${id}`), await rig.worker(`two-${id}`)];
    // From now on the ids continue this one, as they do while the clock is behind it.
    await rig.redis.client.call('XSETID', LOG, `${Date.now() + 3_600_000}-0`);
    await rig.say(id, 'a');
    await one.read();
    await one.save();
    await rig.redis.snapshot();
    await rig.say(id, 'old b');
    const [old] = (await one.read()) as [LogEntry];
    await rig.restore();
    expect(await rig.say(id, 'new b')).toEqual([2]);
    const ids = await rig.redis.client.xrange(LOG, '-', '+');
    expect(ids.map(([entryId]) => entryId)).toEqual([old.entryId]);
    return { id, one, two, old };
  }

  test('the new entry stays when a worker drops the lost one', async () => {
    const { id, one, two } = await reuseAnId();
    await one.save();
    expect(await counterOf(one, 'chat_messages_lost_total')).toBe(1);
    await two.read();
    await two.save();
    expect(textsOf(await store.readRange(id, 1, 9))).toEqual(['a', 'new b']);
    expect(await log.states([id])).toMatchObject([{ headSeq: 2, storedSeq: 2 }]);
  });

  test('a worker that holds the lost entry reads the new one', async () => {
    const { id, one } = await reuseAnId();
    expect(await one.read()).toHaveLength(1);
    await one.save();
    expect(textsOf(await store.readRange(id, 1, 9))).toEqual(['a', 'new b']);
  });

  test('the new entry stays when the lost one is completed or goes to the dead letters', async () => {
    const { one, old } = await reuseAnId();
    const deadBefore = await one.consumer.countDeadLetters();
    await one.consumer.complete([old]);
    await one.consumer.deadLetter([{ ...old, reason: 'a test' }]);
    expect(await log.countInProcess()).toBe(1);
    expect(await one.consumer.countDeadLetters()).toBe(deadBefore);
  });
});

test('entries that are in the log after a restart are completed, and reported as stored only in the epoch of the head', async () => {
  const id = newConversationId();
  const one = await rig.worker('one-5');
  await rig.say(id, 'a', 'b');
  await one.read();
  await rig.redis.snapshot();
  await rig.restore();
  await one.save();
  expect(one.stored).toEqual([]);
  expect(await log.countInProcess()).toBe(0);
  expect(await log.states([id])).toMatchObject([{ headSeq: 2, storedSeq: 2 }]);
  expect(textsOf(await rig.history(id))).toEqual(['a', 'b']);
});

test('a frozen server cannot initialise a head with what the store had before', async () => {
  const id = newConversationId();
  const one = await rig.worker('one-6');
  const frozen = Promise.withResolvers<void>();
  const isReading = Promise.withResolvers<void>();
  const slow = await rig.openLog({
    async headSeqs(ids) {
      const heads = await store.headSeqs(ids);
      isReading.resolve();
      await frozen.promise;
      return heads;
    },
  });
  const late = slow.states([id]);
  await isReading.promise;
  await rig.say(id, 'a', 'b');
  await one.read();
  await one.save();
  // The conversation leaves Redis as if it had been idle.
  for (const name of ['conversation', 'recent', 'deletions']) await rig.redis.client.del(`parley:{p0}:${name}:${id}`);
  frozen.resolve();
  expect(await late).toMatchObject([{ headSeq: 2, storedSeq: 2 }]);
  expect(await rig.say(id, 'c')).toEqual([3]);
});
