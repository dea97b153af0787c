import { describe, expect, test } from '@jest/globals';
import type { Message } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { LOBBY_ID, ParleyError } from '../src/index.ts';
import { newChat } from './new-chat.ts';
import { newErrorBody } from './protocol-server.ts';

const parts = await newChat();
const { server, lobby } = parts;

/** Signs in and sends one message. */
async function joinAndSend(): Promise<Message> {
  await parts.join();
  parts.chat.send(LOBBY_ID, 'mine');
  return eventually(() => {
    const [message] = lobby().messages;
    if (!message) throw new Error('not there yet');
    return message;
  });
}

describe('the user’s own message', () => {
  test('can be edited, reacted to and deleted', async () => {
    const { id } = await joinAndSend();
    await parts.chat.edit(LOBBY_ID, id, 'mended');
    await eventually(() => expect(lobby().timeline).toMatchObject([{ text: 'mended', isEdited: true }]));
    await parts.chat.react(LOBBY_ID, id, '👍');
    await eventually(() => expect(lobby().timeline[0]?.reactions).toEqual([{ emoji: '👍', userIds: [server.me.id] }]));
    await parts.chat.react(LOBBY_ID, id, null);
    await eventually(() => expect(lobby().timeline[0]?.reactions).toEqual([]));
    await parts.chat.deleteMessage(LOBBY_ID, id);
    await eventually(() => expect(lobby().timeline).toMatchObject([{ text: '', isDeleted: true }]));
    expect(lobby().messages.map(({ kind }) => kind)).toEqual(['text', 'edit', 'reaction', 'reaction', 'delete']);
    expect(lobby().unread).toBe(0);
  });

  test('is changed once after retryable errors', async () => {
    const { id } = await joinAndSend();
    const verdicts = [newErrorBody('BUSY', { retryAfterMs: 10 }), newErrorBody('UNAVAILABLE', { retryAfterMs: 10 })];
    server.judgeChange = () => verdicts.shift();
    await parts.chat.edit(LOBBY_ID, id, 'mended');
    expect(server.changes.length).toBe(3);
    expect(new Set(server.changes.map(({ clientMessageId }) => clientMessageId)).size).toBe(1);
  });

  test('is changed once after the ack was lost with the connection', async () => {
    const { id } = await joinAndSend();
    server.judgeChange = () => 'silence';
    const edited = parts.chat.edit(LOBBY_ID, id, 'mended');
    await eventually(() => expect(server.changes.length).toBe(1));
    server.judgeChange = () => undefined;
    server.cut();
    await edited;
    await eventually(() => expect(lobby().messages.map(({ kind }) => kind)).toEqual(['text', 'edit']));
  });

  test('does not change if the server rejects the change, and the call throws the reason', async () => {
    const { id } = await joinAndSend();
    server.judgeChange = () => newErrorBody('FORBIDDEN');
    const failure = await parts.chat.edit(LOBBY_ID, id, 'mended').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ParleyError);
    expect(failure).toMatchObject({ code: 'FORBIDDEN', retryable: false });
    expect(server.changes.length).toBe(1);
  });

  test('is not retried beyond the deadline', async () => {
    const { id } = await joinAndSend();
    server.judgeChange = () => newErrorBody('BUSY', { retryAfterMs: 60_000 });
    await expect(parts.chat.deleteMessage(LOBBY_ID, id)).rejects.toMatchObject({ code: 'BUSY', retryable: true });
  });
});

test('changes of others during an interruption are applied after the reconnect', async () => {
  const said = [server.say('one', { quietly: true }), server.say('two', { quietly: true })];
  await parts.join();
  await parts.chat.open(LOBBY_ID);
  server.deliver = () => undefined;
  for (const message of said) server.change('edit', message, `${message.text}, mended`);
  server.deliver = (emit) => emit();
  await parts.reconnect();
  await eventually(() => expect(lobby().timeline.map(({ text }) => text)).toEqual(['one, mended', 'two, mended']));
});

test('a reply refers to its message, both while pending and in the timeline', async () => {
  const { id: replyTo } = await joinAndSend();
  server.publishes = false;
  parts.chat.send(LOBBY_ID, 'an answer', replyTo);
  expect(lobby().pending).toMatchObject([{ text: 'an answer', replyTo }]);
  await eventually(() => expect(server.sends.at(-1)).toMatchObject({ text: 'an answer', replyTo }));
  await eventually(() => expect(server.messages.length).toBe(2));
  server.publish(...server.messages);
  await eventually(() => expect(lobby().timeline.map(({ message }) => message.replyTo)).toEqual([undefined, replyTo]));
});

describe('history', () => {
  test('that consists of changes is loaded until there are timeline entries', async () => {
    for (let count = 1; count <= 100; count += 1) server.say(`number ${count}`, { quietly: true });
    const [target] = server.messages;
    for (let count = 1; count <= 120; count += 1) {
      server.say(count % 2 ? '👍' : '🎉', { kind: 'reaction', replyTo: target?.id, quietly: true });
    }
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    expect(lobby().timeline.length).toBe(100);
    expect(lobby().timeline[0]?.reactions).toEqual([{ emoji: '🎉', userIds: [server.ada.id] }]);
  });

  test('is loaded back to a given message, if it exists', async () => {
    for (let count = 1; count <= 1_000; count += 1) server.say(`number ${count}`, { quietly: true });
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    const { firstTimelineIndex } = lobby();
    expect(await parts.chat.loadUntil(LOBBY_ID, 600)).toBe(true);
    expect(lobby().firstSeq).toBeGreaterThan(300);
    expect(lobby().timeline.find(({ message }) => message.seq === 600)?.text).toBe('number 600');
    expect(lobby().firstTimelineIndex).toBe(firstTimelineIndex - (lobby().timeline.length - 50));
    expect(await parts.chat.loadUntil(LOBBY_ID, 1_001)).toBe(false);
    expect(await parts.chat.loadUntil(LOBBY_ID, 1)).toBe(true);
    expect(lobby().timeline.length).toBe(1_000);
  });
});
