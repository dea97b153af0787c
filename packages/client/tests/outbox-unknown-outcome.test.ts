import { describe, expect, test } from '@jest/globals';
import type { Message, UserId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { accepted, History, lobby, me, newOutbox, textsOf } from './new-outbox.ts';
import { newErrorBody } from './protocol-server.ts';

const texts = (outbox: ReturnType<typeof newOutbox>['outbox']) => textsOf(outbox.messagesOf(lobby));

describe('after a reload', () => {
  test('what was not sent yet is sent under its id, in the order of writing, before what is new', async () => {
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

  test('what is in the history already is not sent again, however far back', async () => {
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

  test('another user of the same storage neither sees nor sends it', async () => {
    const before = newOutbox();
    before.outbox.add(lobby, 'mine');
    await eventually(async () => expect(await before.kept()).toEqual(['mine']));
    before.outbox.close();

    const { outbox, attempts } = newOutbox({ ...before, userId: 'u-ada' as UserId });
    await outbox.connected();
    expect([texts(outbox), attempts.length]).toEqual([[], 0]);
    expect(await before.kept()).toEqual(['mine']);
  });

  test('an accepted message of days ago that is in the history is done', async () => {
    const history = new History();
    const { outbox, storage, kept } = newOutbox({ history });
    const { seq, clientMessageId } = history.accept('c-old');
    const createdAt = new Date(Date.now() - 25 * 3_600_000).toISOString();
    await storage.put(me, { conversationId: lobby, clientMessageId, seq, text: 'old', createdAt, state: 'accepted' });
    await outbox.connected();
    await eventually(async () => expect(await kept()).toEqual([]));
  });
});

describe('a message whose attempt had no answer', () => {
  test('is looked for, and sent again where it is not in the history', async () => {
    const { outbox, attempts, attempt } = newOutbox();
    void outbox.connected();
    outbox.add(lobby, 'hello', 0);
    (await attempt(0)).answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    const { payload } = await attempt(1);
    expect(payload.clientMessageId).toBe(attempts[0]?.payload.clientMessageId);
  });

  test('is not sent again where it is, though the server has forgotten its id', async () => {
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

  test('waits while the history can not be read', async () => {
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

  test('fails where the user is no member any more', async () => {
    const { outbox, history, attempt, states } = newOutbox();
    void outbox.connected();
    outbox.add(lobby, 'hello', 0);
    history.refusal = newErrorBody('FORBIDDEN');
    (await attempt(0)).answer({ ok: false, ...newErrorBody('UNAVAILABLE') });
    await eventually(() => expect(states()).toEqual(['failed']));
  });
});

describe('what comes from an epoch that has ended', () => {
  async function newOvertakenAttempt() {
    const parts = newOutbox();
    void parts.outbox.connected();
    const { clientMessageId } = parts.outbox.add(lobby, 'hello', 0);
    const { answer } = await parts.attempt(0);
    parts.outbox.epochChanged(lobby);
    return { ...parts, clientMessageId, answer };
  }

  test('is no proof that a message is accepted: an ack', async () => {
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

  test('is no proof that a message is accepted: the live message', async () => {
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

  test('is looked for after a reconnect, and kept until it is stored', async () => {
    const { outbox, history, attempts, states, clientMessageId } = await newAccepted();
    history.accept(clientMessageId);
    outbox.disconnected();
    await outbox.connected();
    await eventually(() => expect(history.lookUps).toBe(1));
    outbox.observeStored(lobby, 1);
    await eventually(() => expect(states()).toEqual([]));
    expect(attempts.length).toBe(1);
  });

  test('is sent again when a new epoch has lost it', async () => {
    const { outbox, attempt, clientMessageId } = await newAccepted();
    outbox.epochChanged(lobby);
    expect((await attempt(1)).payload.clientMessageId).toBe(clientMessageId);
  });

  test('is sent again when another message is at its seq, and not taken for stored', async () => {
    const { outbox, history, attempt, states } = await newAccepted();
    outbox.observeMessages(lobby, [history.accept('of someone else', 'u-ada')]);
    outbox.observeStored(lobby, 1);
    expect(states().length).toBe(1);
    await attempt(1);
  });

  test('is no more taken for stored by what was stored in an earlier epoch', async () => {
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

test('two tabs take over from each other without a loss or a second message', async () => {
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

test('what another tab has seen stored is done here too', async () => {
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
