import { expect, test } from '@jest/globals';
import { type ConversationId, MAX_TYPING, type UserId } from '@parley/protocol';
import { TYPING_LIFETIME_MS, TypingBoard } from './typing-board.ts';

const lobby = 'lobby' as ConversationId;
const [ada, bo] = ['ada', 'bo'] as [UserId, UserId];

test('a user counts as typing until they stop or their last signal is too old', () => {
  const board = new TypingBoard();
  board.note(lobby, ada, true, 0);
  board.note(lobby, bo, true, 1_000);
  expect(board.typingIn(lobby)).toEqual([ada, bo]);
  board.note(lobby, ada, true, 5_000);
  expect(board.expire(1_000 + TYPING_LIFETIME_MS)).toEqual([lobby]);
  expect(board.typingIn(lobby)).toEqual([ada]);
  board.note(lobby, ada, false, 7_000);
  expect(board.typingIn(lobby)).toEqual([]);
  expect(board.expire(100_000)).toEqual([]);
});

test('lists at most as many users as a packet may name', () => {
  const board = new TypingBoard();
  for (let index = 0; index < 100; index += 1) board.note(lobby, `u${index}` as UserId, true, 0);
  expect(board.typingIn(lobby)).toHaveLength(MAX_TYPING);
});
