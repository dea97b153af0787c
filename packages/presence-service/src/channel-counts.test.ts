import { expect, test } from '@jest/globals';
import { type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';
import { ChannelCounts } from './channel-counts.ts';

const [ada, bo] = ['u_ada', 'u_bo'] as [UserId, UserId];
const news = 'c_news' as ConversationId;
const lobby = (online: number) => ({ conversationId: LOBBY_ID, online });
const LONG_MS = 60_000;

test('counts the online users of each channel, and all of them in the lobby', () => {
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

test('publishes only changed counts, at most every five seconds', () => {
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

test('publishes the count of a big channel less often', () => {
  const counts = new ChannelCounts();
  for (let person = 0; person < 10_000; person += 1) counts.set(`u_${person}` as UserId, []);
  expect(counts.takeDue(0)).toEqual([lobby(10_000)]);
  counts.set(ada, []);
  expect(counts.takeDue(24_000)).toEqual([]);
  expect(counts.takeDue(26_000)).toEqual([lobby(10_001)]);
});

test('publishes an unchanged count again on request', () => {
  const counts = new ChannelCounts();
  counts.set(ada, [news]);
  counts.takeDue(0);
  counts.request([news]);
  expect(counts.takeDue(LONG_MS)).toEqual([{ conversationId: news, online: 1 }]);
  expect(counts.takeDue(2 * LONG_MS)).toEqual([]);
});

test('publishes no count of 0', () => {
  const counts = new ChannelCounts();
  counts.set(ada, [news]);
  counts.takeDue(0);
  counts.remove(ada);
  expect(counts.takeDue(LONG_MS)).toEqual([]);
});
