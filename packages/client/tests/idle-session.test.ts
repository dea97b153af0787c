import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { LOBBY_ID } from '../src/index.ts';
import { newChat } from './new-chat.ts';

const parts = await newChat();
const { server } = parts;

const endsAt = () => new Date(Date.now() + 30_000).toISOString();
const idleEndsAt = () => parts.chat.getSnapshot().idleEndsAt;
const phase = () => parts.chat.getSnapshot().connection.phase;

/** Warns the client. @returns the announced end */
async function warn(end = endsAt()): Promise<string> {
  server.io.emit('session:idle', { endsAt: end });
  await eventually(() => expect(idleEndsAt()).toBe(end));
  return end;
}

async function endIdle(): Promise<void> {
  server.io.emit('session:expired', { code: 'IDLE', message: 'You were inactive.' });
  server.cut();
  await eventually(() => expect(phase()).toBe('idle-ended'));
}

test('a warning is shown until the user asks to stay, which is an activity that nobody sees', async () => {
  await parts.join();
  expect(idleEndsAt()).toBeNull();
  await warn();
  parts.chat.stay();
  parts.chat.stay();
  await eventually(() => expect(idleEndsAt()).toBeNull());
  expect(server.typings).toEqual([{ conversationId: LOBBY_ID, isTyping: false }]);
  parts.chat.stay();
  expect(server.typings).toHaveLength(1);
});

test('a warning ends with any activity, and with the connection', async () => {
  await parts.join();
  await warn();
  parts.chat.send(LOBBY_ID, 'Still here');
  await eventually(() => expect(idleEndsAt()).toBeNull());
  await warn();
  parts.chat.setTyping(LOBBY_ID, true);
  await eventually(() => expect(idleEndsAt()).toBeNull());
  await warn();
  await parts.reconnect();
  expect(idleEndsAt()).toBeNull();
});

test('a refused activity does not end the warning', async () => {
  await parts.join();
  const end = await warn();
  server.judge = () => ({ code: 'BUSY', message: 'Later', retryable: true, retryAfterMs: 10 });
  parts.chat.send(LOBBY_ID, 'Not accepted');
  await eventually(() => expect(server.sends.length).toBeGreaterThan(1));
  expect(idleEndsAt()).toBe(end);
});

test('an idle session that was ended reconnects only when the user asks for it', async () => {
  await parts.join();
  await warn();
  await endIdle();
  expect(idleEndsAt()).toBeNull();
  parts.chat.retryNow();
  parts.chat.stay();
  expect(phase()).toBe('idle-ended');
  expect(server.handshakes).toHaveLength(1);
  parts.chat.reconnect();
  await eventually(() => expect(phase()).toBe('online'));
  expect(server.handshakes.map(({ takeover }) => takeover)).toEqual([false, false]);
});

test('a message that is written after the end connects again and is sent', async () => {
  await parts.join();
  await endIdle();
  parts.chat.send(LOBBY_ID, 'Back again');
  await eventually(() => expect(server.sends.map(({ text }) => text)).toEqual(['Back again']));
  expect(phase()).toBe('online');
});

test('has an effect only after an idle session', async () => {
  await parts.join();
  parts.chat.reconnect();
  server.io.emit('session:replaced', { code: 'REPLACED', message: 'Elsewhere.' });
  server.cut();
  await eventually(() => expect(phase()).toBe('replaced'));
  parts.chat.reconnect();
  expect(phase()).toBe('replaced');
  expect(server.handshakes).toHaveLength(1);
});
