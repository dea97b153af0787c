import { describe, expect, test } from '@jest/globals';
import type { ConversationId, MessageId, Refused } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { MAX_OUTBOX_BYTES, MAX_OUTBOX_MESSAGES } from '../src/index.ts';
import { accepted, lobby, me, newOutbox } from './new-outbox.ts';
import { newErrorBody } from './protocol-server.ts';

const refused = (...args: Parameters<typeof newErrorBody>): Refused => ({ ok: false, ...newErrorBody(...args) });

test('keeps a message until it is stored', async () => {
  const { outbox, attempt, states } = newOutbox();
  void outbox.connected();
  outbox.add(lobby, 'hello');
  expect(states()).toEqual(['sending']);
  (await attempt(0)).answer(accepted(7));
  await eventually(() => expect(states()).toEqual(['accepted']));
  outbox.observeStored(lobby, 6);
  expect(states()).toEqual(['accepted']);
  outbox.observeStored(lobby, 7);
  expect(states()).toEqual([]);
});

test('waits for a connection', async () => {
  const { outbox, attempts, attempt } = newOutbox();
  outbox.add(lobby, 'hello');
  expect(attempts.length).toBe(0);
  void outbox.connected();
  expect((await attempt(0)).payload).toMatchObject({ conversationId: 'lobby', kind: 'text', text: 'hello' });
});

test('retries with the same id after a retryable error and after a lost connection', async () => {
  const { outbox, attempts, attempt, states } = newOutbox();
  void outbox.connected();
  outbox.add(lobby, 'hello');
  (await attempt(0)).answer(refused('BUSY', { retryAfterMs: 10 }));
  await attempt(1);
  outbox.disconnected();
  (await attempt(1)).answer(refused('UNAVAILABLE'));
  void outbox.connected();
  (await attempt(2)).answer(accepted(1));
  await eventually(() => expect(states()).toEqual(['accepted']));
  expect(new Set(attempts.map(({ payload }) => payload.clientMessageId)).size).toBe(1);
});

test('a sender that is too fast waits for the requested delay, keeps the order and loses nothing', async () => {
  const { outbox, attempts, attempt, states } = newOutbox();
  void outbox.connected();
  for (const text of ['one', 'two', 'three']) outbox.add(lobby, text);
  const retryAfterMs = 700;
  (await attempt(0)).answer(refused('RATE_LIMITED', { retryAfterMs }));
  const refusedAt = performance.now();
  const again = await attempt(1);
  expect(performance.now() - refusedAt).toBeGreaterThanOrEqual(retryAfterMs - 1);
  again.answer(accepted(1));
  (await attempt(2)).answer(refused('RATE_LIMITED', { retryAfterMs: 1 }));
  (await attempt(3)).answer(accepted(2));
  (await attempt(4)).answer(accepted(3));
  await eventually(() => expect(states()).toEqual(['accepted', 'accepted', 'accepted']));
  expect(attempts.map(({ payload }) => payload.text)).toEqual(['one', 'one', 'two', 'two', 'three']);
  expect(new Set(attempts.map(({ payload }) => payload.clientMessageId)).size).toBe(3);
});

test('waits for the requested delay, but not beyond the next connection', async () => {
  const { outbox, attempts, attempt } = newOutbox();
  void outbox.connected();
  outbox.add(lobby, 'hello');
  (await attempt(0)).answer(refused('RATE_LIMITED', { retryAfterMs: 3_600_000 }));
  await eventually(() => expect(attempts.length).toBe(1));
  outbox.disconnected();
  void outbox.connected();
  await attempt(1);
});

test('sends the messages of a conversation one at a time, and conversations in parallel', async () => {
  const { outbox, attempts, attempt } = newOutbox();
  void outbox.connected();
  outbox.add(lobby, 'one');
  outbox.add(lobby, 'two');
  outbox.add('other' as ConversationId, 'already-connected');
  await attempt(1);
  expect(attempts.map(({ payload }) => payload.text)).toEqual(['one', 'already-connected']);
  (await attempt(0)).answer(accepted(1));
  expect((await attempt(2)).payload.text).toBe('two');
});

test('sends a reply as a reply, even after a reload', async () => {
  const before = newOutbox();
  void before.outbox.connected();
  before.outbox.add(lobby, 'hello', 0, 'm7' as MessageId);
  expect((await before.attempt(0)).payload).toMatchObject({ text: 'hello', replyTo: 'm7' });
  before.outbox.close();
  const after = newOutbox({ storage: before.storage, history: before.history });
  void after.outbox.connected();
  expect((await after.attempt(0)).payload).toMatchObject({ text: 'hello', replyTo: 'm7' });
});

describe('a rejected message', () => {
  test('fails with the reason and does not block the next one', async () => {
    const { outbox, attempt, states } = newOutbox();
    void outbox.connected();
    outbox.add(lobby, 'one');
    outbox.add(lobby, 'two');
    (await attempt(0)).answer(refused('FORBIDDEN'));
    (await attempt(1)).answer(accepted(1));
    await eventually(() => expect(states()).toEqual(['failed', 'accepted']));
    expect(outbox.messagesOf(lobby)[0]?.error?.code).toBe('FORBIDDEN');
  });

  test('because its id is in use for another message is not sent again, not even on request', async () => {
    const { outbox, attempts, attempt, states } = newOutbox();
    void outbox.connected();
    const { clientMessageId } = outbox.add(lobby, 'one');
    (await attempt(0)).answer(refused('CONFLICT'));
    await eventually(() => expect(states()).toEqual(['failed']));
    outbox.retry(clientMessageId);
    await outbox.connected();
    outbox.add(lobby, 'two');
    expect((await attempt(1)).payload.text).toBe('two');
    expect([states(), attempts.length]).toEqual([['failed', 'sending'], 2]);
    outbox.discard(clientMessageId);
    expect(states()).toEqual(['sending']);
  });

  test('can be retried with the same id, or discarded', async () => {
    const { outbox, attempts, attempt, states } = newOutbox();
    void outbox.connected();
    const { clientMessageId } = outbox.add(lobby, 'one');
    (await attempt(0)).answer(refused('INTERNAL'));
    await eventually(() => expect(states()).toEqual(['failed']));
    outbox.retry(clientMessageId);
    (await attempt(1)).answer(refused('INTERNAL'));
    await eventually(() => expect(states()).toEqual(['failed']));
    expect(attempts.map(({ payload }) => payload.clientMessageId)).toEqual([clientMessageId, clientMessageId]);
    outbox.discard(clientMessageId);
    expect(states()).toEqual([]);
  });
});

test('counts a message as accepted when it appears in the log, even if its ack was lost', async () => {
  const { outbox, history, attempts, attempt, states } = newOutbox();
  void outbox.connected();
  const { clientMessageId } = outbox.add(lobby, 'hello');
  await attempt(0);
  outbox.observeMessages(lobby, [history.accept(clientMessageId)]);
  (await attempt(0)).answer(refused('UNAVAILABLE'));
  await eventually(() => expect(states()).toEqual(['accepted']));
  expect(attempts.length).toBe(1);
});

describe('is limited', () => {
  test('by the number of messages', async () => {
    const { outbox, attempt, states } = newOutbox();
    void outbox.connected();
    for (let count = 0; count < MAX_OUTBOX_MESSAGES; count += 1) outbox.add(lobby, `number ${count}`);
    expect(() => outbox.add(lobby, 'too many')).toThrow(expect.objectContaining({ code: 'BUSY', retryable: true }));
    (await attempt(0)).answer(accepted(1));
    await eventually(() => expect(states()[0]).toBe('accepted'));
    expect(() => outbox.add(lobby, 'still too many')).toThrow();
    outbox.observeStored(lobby, 1);
    outbox.add(lobby, 'fits now');
    expect(states().length).toBe(MAX_OUTBOX_MESSAGES);
  });

  test('by the size of their texts', () => {
    const { outbox } = newOutbox();
    const large = 'ש'.repeat(MAX_OUTBOX_BYTES / 4);
    outbox.add(lobby, large);
    outbox.add(lobby, large);
    expect(() => outbox.add(lobby, 'x')).toThrow(expect.objectContaining({ code: 'BUSY' }));
  });

  test('by its storage: a message that cannot be saved fails and is not sent', async () => {
    const { outbox, storage, attempts, states } = newOutbox();
    storage.put = () => Promise.reject(new Error('the disk is full'));
    void outbox.connected();
    outbox.add(lobby, 'hello');
    await eventually(() => expect(states()).toEqual(['failed']));
    expect(outbox.messagesOf(lobby)[0]?.error?.message).toMatch(/could not be saved on this device/);
    expect(attempts.length).toBe(0);
    expect(await storage.load(me)).toEqual([]);
  });
});
