import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ConversationId, UserId } from '@parley/protocol';
import { TypingSender } from './typing-sender.ts';
import { TypingUsers } from './typing-users.ts';

const lobby = 'lobby' as ConversationId;
const [me, ada, bo] = ['u-me', 'u-ada', 'u-bo'] as unknown as [UserId, UserId, UserId];

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('one’s own typing', () => {
  function newOwnTyping() {
    const said: boolean[] = [];
    return { said, typing: new TypingSender(({ isTyping }) => said.push(isTyping)) };
  }

  test('is said again every three seconds while it goes on', () => {
    const { said, typing } = newOwnTyping();
    for (let tenths = 0; tenths < 70; tenths += 1) {
      typing.set(lobby, true);
      jest.advanceTimersByTime(100);
    }
    expect(said).toEqual([true, true, true]);
  });

  test('is taken back once, if it was said', () => {
    const { said, typing } = newOwnTyping();
    typing.set(lobby, false);
    typing.set(lobby, true);
    typing.set(lobby, false);
    typing.set(lobby, false);
    expect(said).toEqual([true, false]);
  });

  test('is said to another server at once', () => {
    const { said, typing } = newOwnTyping();
    typing.set(lobby, true);
    typing.forget();
    typing.set(lobby, true);
    expect(said).toEqual([true, true]);
  });
});

describe('the typing of others', () => {
  function newNotices() {
    const changes: UserId[][] = [];
    const notices = new TypingUsers(me, ({ userIds }) => changes.push(userIds));
    return { changes, notices };
  }

  test('shows without oneself, and each change once', () => {
    const { changes, notices } = newNotices();
    notices.observe({ conversationId: lobby, userIds: [me] });
    notices.observe({ conversationId: lobby, userIds: [me, ada] });
    notices.observe({ conversationId: lobby, userIds: [ada] });
    notices.observe({ conversationId: lobby, userIds: [ada, bo] });
    notices.observe({ conversationId: lobby, userIds: [] });
    expect(changes).toEqual([[ada], [ada, bo], []]);
  });

  test('is forgotten after seven seconds without another word', () => {
    const { changes, notices } = newNotices();
    notices.observe({ conversationId: lobby, userIds: [ada] });
    jest.advanceTimersByTime(6_000);
    notices.observe({ conversationId: lobby, userIds: [ada] });
    jest.advanceTimersByTime(6_999);
    expect(changes).toEqual([[ada]]);
    jest.advanceTimersByTime(1);
    expect(changes).toEqual([[ada], []]);
  });

  test('ends with what they send, and with the connection', () => {
    const { changes, notices } = newNotices();
    notices.observe({ conversationId: lobby, userIds: [ada, bo] });
    notices.observeMessagesOf(lobby, [bo]);
    notices.forget();
    expect(changes).toEqual([[ada, bo], [ada], []]);
    notices.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
