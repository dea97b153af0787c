import { expect, test } from '@jest/globals';
import { createRedisMessageLog } from '@parley/message-log';
import type { ConversationId, UserId } from '@parley/protocol';
import { connectRedis, createMetrics, type RedisConnection, silentLogger } from '@parley/service-kit';
import { newLogAndStore } from '../../tests/new-log-and-store.ts';
import { CHAT_SERVER_METRICS } from '../metrics.ts';
import { Membership } from './membership.ts';
import { MessageSender } from './send-message.ts';
import { listNames, SystemMessages } from './system-messages.ts';

const { redis, connection, store } = await newLogAndStore();
const logger = silentLogger();
const metrics = createMetrics(CHAT_SERVER_METRICS, 'test');

function newSystemMessages(redisConnection: RedisConnection) {
  const log = createRedisMessageLog(redisConnection, {
    maxInProcess: 2,
    stored: store.messages,
    sentMessages: store.messages,
  });
  const membership = new Membership({ conversations: store.conversations, log });
  const sender = new MessageSender({ node: 'chat-server-1', log, membership, metrics, logger });
  return { log, systemMessages: new SystemMessages({ sender, logger }) };
}
const { log, systemMessages } = newSystemMessages(connection);
const group = 'c_group' as ConversationId;
const ada = 'ada' as UserId;

async function messagesOf(conversationId: ConversationId) {
  const { messages } = await log.readRecent(conversationId, { limit: 10 });
  return messages.map(({ kind, senderId, text }) => ({ kind, senderId, text }));
}

test('a system message is appended although the member list changed, and left out when the log is full', async () => {
  await systemMessages.append(group, ada, 'renamed the group to “Plans”');
  await log.membersChanged(group);
  await systemMessages.append(group, ada, 'left');
  const appended = [
    { kind: 'system', senderId: ada, text: 'renamed the group to “Plans”' },
    { kind: 'system', senderId: ada, text: 'left' },
  ];
  expect(await messagesOf(group)).toEqual(appended);
  expect(await log.countInProcess()).toBe(2);
  await expect(systemMessages.append(group, ada, 'one too many')).resolves.toBeUndefined();
  expect(await messagesOf(group)).toEqual(appended);
});

test('an unavailable Redis does not fail the action that the system message is about', async () => {
  const closed = await connectRedis(redis.url, 'command', { logger, connectionName: 'closed' });
  closed.disconnect();
  await expect(newSystemMessages(closed).systemMessages.append(group, ada, 'left')).resolves.toBeUndefined();
});

test('a system message lists at most ten names', () => {
  const names = Array.from({ length: 12 }, (_, index) => `P${index + 1}`);
  expect(listNames(names.slice(0, 2))).toBe('P1, P2');
  expect(listNames(names.slice(0, 10))).toBe('P1, P2, P3, P4, P5, P6, P7, P8, P9, P10');
  expect(listNames(names.slice(0, 11))).toBe('P1, P2, P3, P4, P5, P6, P7, P8, P9, P10 and 1 other');
  expect(listNames(names)).toBe('P1, P2, P3, P4, P5, P6, P7, P8, P9, P10 and 2 others');
});
