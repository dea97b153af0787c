import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ConversationId, UserId } from '@parley/protocol';
import { TypingSender } from './typing-sender.ts';
import { TypingUsers } from './typing-users.ts';

const lobby = 'lobby' as ConversationId;
const [me, ada, bo] = ['u-me', 'u-ada', 'u-bo'] as unknown as [UserId, UserId, UserId];

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('typing signals of this user', () => {
  function newTypingSender() {
    const sent: boolean[] = [];
    return { sent, typing: new TypingSender(({ isTyping }) => sent.push(isTyping)) };
  }

  test('are repeated every three seconds while the user types', () => {
    const { sent, typing } = newTypingSender();
    for (let tenths = 0; tenths < 70; tenths += 1) {
      typing.set(lobby, true);
      jest.advanceTimersByTime(100);
    }
    expect(sent).toEqual([true, true, true]);
  });

  test('end with one stop signal, and only after a start signal', () => {
    const { sent, typing } = newTypingSender();
    typing.set(lobby, false);
    typing.set(lobby, true);
    typing.set(lobby, false);
    typing.set(lobby, false);
    expect(sent).toEqual([true, false]);
  });

  test('are sent again at once after a reconnect', () => {
    const { sent, typing } = newTypingSender();
    typing.set(lobby, true);
    typing.reset();
    typing.set(lobby, true);
    expect(sent).toEqual([true, true]);
  });
});

describe('typing users', () => {
  function newTypingUsers() {
    const changes: UserId[][] = [];
    const typingUsers = new TypingUsers(me, ({ userIds }) => changes.push(userIds));
    return { changes, typingUsers };
  }

  test('are reported without this user, and only when they change', () => {
    const { changes, typingUsers } = newTypingUsers();
    typingUsers.observe({ conversationId: lobby, userIds: [me] });
    typingUsers.observe({ conversationId: lobby, userIds: [me, ada] });
    typingUsers.observe({ conversationId: lobby, userIds: [ada] });
    typingUsers.observe({ conversationId: lobby, userIds: [ada, bo] });
    typingUsers.observe({ conversationId: lobby, userIds: [] });
    expect(changes).toEqual([[ada], [ada, bo], []]);
  });

  test('expire after seven seconds without a new signal', () => {
    const { changes, typingUsers } = newTypingUsers();
    typingUsers.observe({ conversationId: lobby, userIds: [ada] });
    jest.advanceTimersByTime(6_000);
    typingUsers.observe({ conversationId: lobby, userIds: [ada] });
    jest.advanceTimersByTime(6_999);
    expect(changes).toEqual([[ada]]);
    jest.advanceTimersByTime(1);
    expect(changes).toEqual([[ada], []]);
  });

  test('are removed when they send a message, and when the connection ends', () => {
    const { changes, typingUsers } = newTypingUsers();
    typingUsers.observe({ conversationId: lobby, userIds: [ada, bo] });
    typingUsers.observeSenders(lobby, [bo]);
    typingUsers.reset();
    expect(changes).toEqual([[ada, bo], [ada], []]);
    typingUsers.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
