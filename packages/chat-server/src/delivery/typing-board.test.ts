import { expect, test } from '@jest/globals';
import { type ConversationId, MAX_TYPING, type UserId } from '@parley/protocol';
import { TYPING_HOLDS_MS, TypingBoard } from './typing-board.ts';

const lobby = 'lobby' as ConversationId;
const [ada, bo] = ['ada', 'bo'] as [UserId, UserId];

test('who types is named until they stop or have not said so again in time', () => {
  const board = new TypingBoard();
  board.note(lobby, ada, true, 0);
  board.note(lobby, bo, true, 1_000);
  expect(board.namesOf(lobby)).toEqual([ada, bo]);
  board.note(lobby, ada, true, 5_000);
  expect(board.expire(1_000 + TYPING_HOLDS_MS)).toEqual([lobby]);
  expect(board.namesOf(lobby)).toEqual([ada]);
  board.note(lobby, ada, false, 7_000);
  expect(board.namesOf(lobby)).toEqual([]);
  expect(board.expire(100_000)).toEqual([]);
});

test('names no more than a packet holds', () => {
  const board = new TypingBoard();
  for (let index = 0; index < 100; index += 1) board.note(lobby, `u${index}` as UserId, true, 0);
  expect(board.namesOf(lobby)).toHaveLength(MAX_TYPING);
});
