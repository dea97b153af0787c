import { describe, expect, test } from '@jest/globals';
import type { Message, UserId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { accepted, History, lobby, me, newOutbox, textsOf } from './new-outbox.ts';
import { newErrorBody } from './protocol-server.ts';

const texts = (outbox: ReturnType<typeof newOutbox>['outbox']) => textsOf(outbox.messagesOf(lobby));

describe('after a reload', () => {
  test('unsent messages are sent with their ids, in the order they were written, before new ones', async () => {
    const before = newOutbox();
    const ids = ['one', 'two', 'three'].map((text) => before.outbox.add(lobby, text).clientMessageId);
    await eventually(async () => expect((await before.kept()).length).toBe(3));
    before.outbox.close();

    const { outbox, attempts, attempt } = newOutbox(before);
    void outbox.connected();
    ids.push(outbox.add(lobby, 'four').clientMessageId);
    for (let index = 0; index < 4; index += 1) (await attempt(index)).answer(accepted(index + 1));
    expect(attempts.map(({ payload }) => payload.clientMessageId)).toEqual(ids);
  });

  test('messages that are in the history are not sent again, however old they are', async () => {
    const before = newOutbox();
    const { clientMessageId } = before.outbox.add(lobby, 'hello', 0);
    await eventually(async () => expect(await before.kept()).toEqual(['hello']));
    before.outbox.close();
    for (let count = 0; count < 20; count += 1) before.history.accept(count === 5 ? clientMessageId : `other ${count}`);

    const { outbox, attempts, states, kept } = newOutbox(before);
    await outbox.connected();
    await eventually(() => expect(states()).toEqual(['accepted']));
    outbox.observeStored(lobby, 6);
    expect(states()).toEqual([]);
    await eventually(async () => expect(await kept()).toEqual([]));
    expect(attempts.length).toBe(0);
  });

  test('another user of the same storage neither sees nor sends them', async () => {
    const before = newOutbox();
    before.outbox.add(lobby, 'mine');
    await eventually(async () => expect(await before.kept()).toEqual(['mine']));
    before.outbox.close();

    const { outbox, attempts } = newOutbox({ ...before, userId: 'u-ada' as UserId });
    await outbox.connected();
    expect([texts(outbox), attempts.length]).toEqual([[], 0]);
    expect(await before.kept()).toEqual(['mine']);
  });

  test('an accepted message from days ago that is in the history is removed', async () => {
    const history = new History();
    const { outbox, storage, kept } = newOutbox({ history });
    const { seq, clientMessageId } = history.accept('c-old');
    const createdAt = new Date(Date.now() - 25 * 3_600_000).toISOString();
    await storage.put(me, { conversationId: lobby, clientMessageId, seq, text: 'old', createdAt, state: 'accepted' });
    await outbox.connected();
    await eventually(async () => expect(await kept()).toEqual([]));
  });
});

describe('a message after an attempt without an answer', () => {
  test('is looked up, and sent again if it is not in the history', async () => {
    const { outbox, attempts, attempt } = newOutbox();
    void outbox.connected();
    outbox.add(lobby, 'hello', 0);
    (await attempt(0)).answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    const { payload } = await attempt(1);
    expect(payload.clientMessageId).toBe(attempts[0]?.payload.clientMessageId);
  });

  test('is not sent again if it is in the history, even if the server has forgotten its id', async () => {
    const { outbox, history, attempts, attempt, states } = newOutbox();
    void outbox.connected();
    const { clientMessageId } = outbox.add(lobby, 'hello', 0);
    const { answer } = await attempt(0);
    history.accept('of someone else', 'u-ada');
    history.accept(clientMessageId);
    answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    await eventually(() => expect(states()).toEqual(['accepted']));
    expect([outbox.messagesOf(lobby)[0]?.seq, attempts.length]).toEqual([2, 1]);
  });

  test('waits while the history cannot be read', async () => {
    const { outbox, history, attempts, attempt } = newOutbox();
    void outbox.connected();
    outbox.add(lobby, 'hello', 0);
    history.refusal = newErrorBody('UNAVAILABLE', { retryAfterMs: 10 });
    (await attempt(0)).answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    await eventually(() => expect(history.lookUps).toBeGreaterThan(1));
    expect(attempts.length).toBe(1);
    history.refusal = undefined;
    await attempt(1);
  });

  test.each([
    ['has no page', () => []],
    ['does not lead further', (page: object) => [{ ...page, messages: [], hasMore: true }]],
  ])('waits longer and longer while the history %s', async (_, change) => {
    const { outbox, history, attempt, attempts } = newOutbox();
    const since = history.since.bind(history);
    history.since = (...args) => {
      const reply = since(...args);
      return reply.ok
        ? ({ ...reply, conversations: change(reply.conversations[0] ?? {}) } as unknown as typeof reply)
        : reply;
    };
    void outbox.connected();
    outbox.add(lobby, 'hello', 0);
    (await attempt(0)).answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(history.lookUps).toBeLessThanOrEqual(6);
    history.since = since;
    await attempt(1);
    expect(attempts.length).toBe(2);
  });

  test('waits longer and longer while every attempt fails', async () => {
    const { outbox, attempts } = newOutbox();
    void outbox.connected();
    outbox.add(lobby, 'hello', 0);
    const endsAtMs = performance.now() + 2_000;
    for (let answered = 0; performance.now() < endsAtMs; await new Promise((resolve) => setTimeout(resolve, 5))) {
      for (; answered < attempts.length; answered += 1)
        attempts[answered]?.answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    }
    expect(attempts.length).toBeLessThanOrEqual(6);
  });

  test('fails if the user is no longer a member', async () => {
    const { outbox, history, attempt, states } = newOutbox();
    void outbox.connected();
    outbox.add(lobby, 'hello', 0);
    history.refusal = newErrorBody('FORBIDDEN');
    (await attempt(0)).answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    await eventually(() => expect(states()).toEqual(['failed']));
  });
});

describe('an event of an ended epoch', () => {
  async function newOvertakenAttempt() {
    const parts = newOutbox();
    void parts.outbox.connected();
    const { clientMessageId } = parts.outbox.add(lobby, 'hello', 0);
    const { answer } = await parts.attempt(0);
    parts.outbox.epochChanged(lobby);
    return { ...parts, clientMessageId, answer };
  }

  test('does not prove that a message is accepted: an ack', async () => {
    const { outbox, history, attempt, states, clientMessageId, answer } = await newOvertakenAttempt();
    history.accept('of someone else', 'u-ada');
    outbox.observeStored(lobby, 1);
    answer(accepted(1));
    const again = await attempt(1);
    expect([again.payload.clientMessageId, states()]).toEqual([clientMessageId, ['sending']]);
    history.accept(clientMessageId);
    again.answer(accepted(2));
    await eventually(() => expect(states()).toEqual(['accepted']));
  });

  test('does not prove that a message is accepted: a live message', async () => {
    const { outbox, history, attempt, states, clientMessageId, answer } = await newOvertakenAttempt();
    outbox.observeMessages(lobby, [{ senderId: me, clientMessageId, seq: 1 } as unknown as Message]);
    expect(states()).toEqual(['accepted']);
    history.accept('of someone else', 'u-ada');
    outbox.observeStored(lobby, 1);
    answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    expect((await attempt(1)).payload.clientMessageId).toBe(clientMessageId);
  });
});

describe('an accepted message that is not stored', () => {
  async function newAccepted() {
    const parts = newOutbox();
    void parts.outbox.connected();
    const { clientMessageId } = parts.outbox.add(lobby, 'hello', 0);
    (await parts.attempt(0)).answer(accepted(1));
    await eventually(() => expect(parts.states()).toEqual(['accepted']));
    return { ...parts, clientMessageId };
  }

  test('is looked up after a reconnect, and kept until it is stored', async () => {
    const { outbox, history, attempts, states, clientMessageId } = await newAccepted();
    history.accept(clientMessageId);
    outbox.disconnected();
    await outbox.connected();
    await eventually(() => expect(history.lookUps).toBe(1));
    outbox.observeStored(lobby, 1);
    await eventually(() => expect(states()).toEqual([]));
    expect(attempts.length).toBe(1);
  });

  test('is sent again if a new epoch lost it', async () => {
    const { outbox, attempt, clientMessageId } = await newAccepted();
    outbox.epochChanged(lobby);
    expect((await attempt(1)).payload.clientMessageId).toBe(clientMessageId);
  });

  test('is shown as not accepted in a new epoch, until it is found there or sent again', async () => {
    const { outbox, history, states, clientMessageId } = await newAccepted();
    history.refusal = newErrorBody('UNAVAILABLE');
    outbox.epochChanged(lobby);
    outbox.observeStored(lobby, 1);
    expect(outbox.messagesOf(lobby)).toMatchObject([{ state: 'sending', afterSeq: 0 }]);
    expect(outbox.messagesOf(lobby)[0]).not.toHaveProperty('seq');
    history.accept('of someone else', 'u-ada');
    history.accept(clientMessageId);
    history.refusal = undefined;
    await eventually(() => expect(outbox.messagesOf(lobby)).toMatchObject([{ state: 'accepted', seq: 2 }]));
    outbox.observeStored(lobby, 2);
    expect(states()).toEqual([]);
  });

  test('is sent again if another message has its seq, even if that seq is stored', async () => {
    const { outbox, history, attempt, states } = await newAccepted();
    outbox.observeMessages(lobby, [history.accept('of someone else', 'u-ada')]);
    outbox.observeStored(lobby, 1);
    expect(states().length).toBe(1);
    await attempt(1);
  });

  test('is not counted as stored because of a stored seq of an earlier epoch', async () => {
    const { outbox, history, attempt, states } = newOutbox();
    outbox.observeStored(lobby, 5);
    outbox.epochChanged(lobby);
    void outbox.connected();
    const { clientMessageId } = outbox.add(lobby, 'hello', 0);
    const { answer } = await attempt(0);
    history.accept(clientMessageId);
    answer(accepted(1));
    await eventually(() => expect(states()).toEqual(['accepted']));
  });
});

test('two tabs replace each other without loss or duplicates', async () => {
  const first = newOutbox();
  const written = first.outbox.add(lobby, 'from the first tab');
  await eventually(async () => expect((await first.kept()).length).toBe(1));
  const second = newOutbox({ storage: first.storage, history: first.history });
  await second.outbox.connected();
  const { payload, answer } = await second.attempt(0);
  expect(payload.clientMessageId).toBe(written.clientMessageId);
  first.history.accept(payload.clientMessageId);
  answer(accepted(1));
  await eventually(() => expect(second.states()).toEqual(['accepted']));
  second.outbox.disconnected();
  await first.outbox.connected();
  await eventually(() => expect(first.states()).toEqual(['accepted']));
  expect(first.attempts.length).toBe(0);
});

test('a message that another tab saw stored is removed here too', async () => {
  const first = newOutbox();
  first.outbox.add(lobby, 'from the first tab');
  await eventually(async () => expect((await first.kept()).length).toBe(1));
  const second = newOutbox({ storage: first.storage, history: first.history });
  await second.outbox.connected();
  (await second.attempt(0)).answer(accepted(1));
  second.outbox.observeStored(lobby, 1);
  await eventually(async () => expect(await second.kept()).toEqual([]));
  await first.outbox.connected();
  expect([first.states(), first.attempts.length]).toEqual([[], 0]);
});
