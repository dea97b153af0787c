import { afterAll, expect, test } from '@jest/globals';
import type { ConversationId } from '@parley/protocol';
import { connectRedis, type RedisConnection, silentLogger } from '@parley/service-kit';
import { eventually, newRedis } from '@parley/testing';
import { fromLines, toLines } from '../src/fan-out-format.ts';
import { type FanOutItem, FanOutPublisher, subscribeToFanOut } from '../src/index.ts';

const connections: RedisConnection[] = [];
afterAll(() => {
  for (const redis of connections) redis.disconnect();
});
const server = await newRedis();
const connect = async () => {
  const redis = await connectRedis(server.url, 'no-deadline', { logger: silentLogger(), connectionName: 'fan-out' });
  connections.push(redis);
  return redis;
};

const lobby = 'lobby' as ConversationId;
const json = [
  { seq: 9, text: 'a b  c\nd \u2028 {"m":1}' },
  { seq: 10, text: ' ' },
]
  .map((message) => JSON.stringify(message))
  .join(',');
const items: FanOutItem[] = [
  { kind: 'messages', conversationId: lobby, firstSeq: 9, lastSeq: 10, json },
  { kind: 'stored', conversationId: 'c_1' as ConversationId, seq: 1_042, epoch: 'k3-_Jx' },
  { kind: 'messages', conversationId: lobby, firstSeq: 11, lastSeq: 11, json: '{}' },
  { kind: 'count', conversationId: lobby, online: 10_000 },
];

test('every subscriber receives all items in order', async () => {
  const received: FanOutItem[][] = [[], []];
  for (const list of received) await subscribeToFanOut(await connect(), (some) => list.push(...some));
  const publisher = new FanOutPublisher(await connect());
  publisher.publish(items.slice(0, 2));
  publisher.publish([]);
  publisher.publish(items.slice(2));
  for (const list of received) await eventually(() => expect(list).toEqual(items));
});

test('skips items of an unknown kind', () => {
  expect(fromLines(`x lobby 1 2 {}\n${toLines(items)}\n`)).toEqual(items);
});
