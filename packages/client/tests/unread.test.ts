import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { LOBBY_ID } from '../src/index.ts';
import { newChat } from './new-chat.ts';

const parts = await newChat();
const { server, lobby } = parts;

const sayQuietly = (count: number, text = 'number') => {
  for (let index = 1; index <= count; index += 1) server.say(`${text} ${index}`, { quietly: true });
};

describe('the unread count', () => {
  test('is exact after a reload, without changes and system messages, with one request', async () => {
    sayQuietly(4);
    const target = server.say('target', { quietly: true });
    server.say('renamed the group', { kind: 'system', quietly: true });
    server.say('👍', { kind: 'reaction', replyTo: target.id, quietly: true });
    server.readSeq = 2;
    await parts.join();
    await eventually(() => expect(lobby().unread).toBe(3));
    expect(lobby().messages.map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7]);
    expect(server.requests.filter((name) => name === 'messages:since').length).toBe(1);
    expect(server.reads).toEqual([]);
  });

  test('does not include the user’s own messages', async () => {
    await parts.join();
    server.readSeq = 0;
    parts.chat.send(LOBBY_ID, 'mine');
    server.say('theirs');
    await eventually(() => expect(server.messages.length).toBe(2));
    await parts.reload();
    await eventually(() => expect([lobby().messages.length, lobby().unread]).toEqual([2, 1]));
  });

  test('is computed from seqs if many messages are unread, and only the newest page is loaded', async () => {
    sayQuietly(500);
    server.readSeq = 10;
    await parts.join();
    await eventually(() => expect(lobby().unread).toBe(490));
    await parts.chat.open(LOBBY_ID);
    expect([lobby().messages.length, lobby().unread, lobby().firstUnreadSeq]).toEqual([50, 0, 11]);
    expect(server.requests).not.toContain('messages:since');
  });

  test('decreases after reads on another device', async () => {
    await parts.join();
    sayQuietly(3);
    server.publish(...server.messages);
    await eventually(() => expect(lobby().unread).toBe(3));
    server.readSeq = 2;
    await parts.reconnect();
    await eventually(() => expect(lobby().unread).toBe(1));
  });

  test('of a new conversation includes all messages', async () => {
    server.isMember = false;
    server.kind = 'group';
    await parts.chat.joinAsGuest('Me');
    await eventually(() => expect(parts.chat.getSnapshot().conversations).toEqual([]));
    await eventually(() => expect(parts.chat.getSnapshot().connection.phase).toBe('online'));
    sayQuietly(2);
    server.isMember = true;
    server.io.emit('conversation', server.lobby);
    await eventually(() => expect(lobby().unread).toBe(2));
  });
});

describe('the first unread message', () => {
  test('is set when the conversation is opened, and kept until it is opened again', async () => {
    sayQuietly(3);
    server.say('a system message', { kind: 'system', quietly: true });
    sayQuietly(2);
    server.readSeq = 3;
    await parts.join();
    await eventually(() => expect(lobby().unread).toBe(2));
    expect(lobby().firstUnreadSeq).toBeNull();
    await parts.chat.open(LOBBY_ID);
    await eventually(() => expect([lobby().unread, lobby().firstUnreadSeq]).toEqual([0, 5]));
    server.say('while it is open');
    await eventually(() => expect(lobby().messages.length).toBe(6));
    expect([lobby().unread, lobby().firstUnreadSeq]).toEqual([0, 5]);
    await parts.chat.open(LOBBY_ID);
    expect(lobby().firstUnreadSeq).toBeNull();
  });

  test('is known even if the conversation was opened before the server reported the read marker', async () => {
    sayQuietly(5);
    server.readSeq = 3;
    await parts.chat.joinAsGuest('Me');
    await parts.chat.open(LOBBY_ID);
    await eventually(() => expect([lobby().unread, lobby().firstUnreadSeq]).toEqual([0, 4]));
    await eventually(() => expect(server.reads.at(-1)).toEqual({ conversationId: 'lobby', seq: 5 }));
  });
});

describe('an open conversation', () => {
  test('is read while it is visible, and the newest position is reported', async () => {
    server.readSeq = 0;
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    for (let count = 1; count <= 30; count += 1) server.say(`number ${count}`);
    await eventually(() => expect(server.readSeq).toBe(30));
    expect(server.reads.length).toBeLessThan(30);
    expect(lobby().unread).toBe(0);
  });

  test('is unread while it is hidden, and read when it becomes visible', async () => {
    server.readSeq = 0;
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    parts.chat.setVisible(false);
    server.say('one');
    server.say('two');
    await eventually(() => expect(lobby().unread).toBe(2));
    expect(server.reads).toEqual([]);
    parts.chat.setVisible(true);
    expect([lobby().unread, lobby().firstUnreadSeq]).toEqual([0, 1]);
    await eventually(() => expect(server.readSeq).toBe(2));
  });

  test('is reported as read again after a reconnect to a server without the read marker', async () => {
    server.readSeq = 0;
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    server.say('one');
    await eventually(() => expect(server.readSeq).toBe(1));
    server.readSeq = 0;
    await parts.reconnect();
    await eventually(() => expect(server.readSeq).toBe(1));
    expect(lobby().unread).toBe(0);
  });
});
