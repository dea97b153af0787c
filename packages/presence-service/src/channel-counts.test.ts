import { expect, test } from '@jest/globals';
import { type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';
import { ChannelCounts } from './channel-counts.ts';

const [ada, bo] = ['u_ada', 'u_bo'] as [UserId, UserId];
const news = 'c_news' as ConversationId;
const lobby = (online: number) => ({ conversationId: LOBBY_ID, online });
const LONG_MS = 60_000;

test('counts who is online in each channel, and everybody in the lobby', () => {
  const counts = new ChannelCounts();
  counts.set(ada, [news]);
  counts.set(bo, []);
  expect(counts.takeDue(0)).toEqual([lobby(2), { conversationId: news, online: 1 }]);
  counts.set(bo, [news]);
  expect(counts.takeDue(LONG_MS)).toEqual([{ conversationId: news, online: 2 }]);
  counts.remove(ada);
  counts.remove(ada);
  expect(counts.takeDue(2 * LONG_MS)).toEqual([lobby(1), { conversationId: news, online: 1 }]);
});

test('says only what changed, and not before five seconds have passed', () => {
  const counts = new ChannelCounts();
  counts.set(ada, []);
  expect(counts.takeDue(0)).toEqual([lobby(1)]);
  counts.set(bo, []);
  expect(counts.takeDue(5_000)).toEqual([]);
  expect(counts.takeDue(5_004)).toEqual([lobby(2)]);
  counts.remove(bo);
  counts.set(bo, []);
  expect(counts.takeDue(LONG_MS)).toEqual([]);
});

test('waits longer the more people would have to be told', () => {
  const counts = new ChannelCounts();
  for (let person = 0; person < 10_000; person += 1) counts.set(`u_${person}` as UserId, []);
  expect(counts.takeDue(0)).toEqual([lobby(10_000)]);
  counts.set(ada, []);
  expect(counts.takeDue(24_000)).toEqual([]);
  expect(counts.takeDue(26_000)).toEqual([lobby(10_001)]);
});

test('is said again to somebody who has not heard it, though it is the same', () => {
  const counts = new ChannelCounts();
  counts.set(ada, [news]);
  counts.takeDue(0);
  counts.want([news]);
  expect(counts.takeDue(LONG_MS)).toEqual([{ conversationId: news, online: 1 }]);
  expect(counts.takeDue(2 * LONG_MS)).toEqual([]);
});

test('nobody is told that nobody is there', () => {
  const counts = new ChannelCounts();
  counts.set(ada, [news]);
  counts.takeDue(0);
  counts.remove(ada);
  expect(counts.takeDue(LONG_MS)).toEqual([]);
});
