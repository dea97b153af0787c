import { afterAll, expect, test } from '@jest/globals';
import { createRedisMessageLog } from '@parley/message-log';
import { openSqliteStore } from '@parley/message-store';
import type { ConversationId, UserId } from '@parley/protocol';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { newRedis, newTemporaryDirectory, WITHOUT_STORE_DEADLINES, withoutCommandDeadline } from '@parley/testing';
import { listNames, SystemLines } from './system-messages.ts';

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});
const redis = await newRedis();
const logger = silentLogger();
const store = await openSqliteStore({ dataDir: await newTemporaryDirectory(), logger, ...WITHOUT_STORE_DEADLINES });
const connection = await connectRedis(redis.url, 'command', { logger, connectionName: 'lines' });
closers.push(
  () => connection.disconnect(),
  () => store.close(),
);
const log = createRedisMessageLog(withoutCommandDeadline(connection), { maxInProcess: 2 });
const lines = new SystemLines({ node: 'chat-server-1', log, messages: store.messages, logger });
const group = 'c_group' as ConversationId;
const ada = 'ada' as UserId;

async function linesOf(conversationId: ConversationId) {
  const page = await log.readRecent(conversationId, { limit: 10 });
  return page.kind === 'page' ? page.messages.map(({ kind, senderId, text }) => ({ kind, senderId, text })) : page.kind;
}

test('a line is accepted whatever the members are by then; one for which there is no place is left out', async () => {
  await lines.add(group, ada, 'renamed the group to “Plans”');
  await log.membersChanged(group);
  await lines.add(group, ada, 'left');
  const accepted = [
    { kind: 'system', senderId: ada, text: 'renamed the group to “Plans”' },
    { kind: 'system', senderId: ada, text: 'left' },
  ];
  expect(await linesOf(group)).toEqual(accepted);
  expect(await log.inProcess()).toBe(2);
  await expect(lines.add(group, ada, 'one too many')).resolves.toBeUndefined();
  expect(await linesOf(group)).toEqual(accepted);
});

test('a Redis that is away does not fail what the line is about', async () => {
  const gone = await connectRedis(redis.url, 'command', { logger, connectionName: 'gone' });
  gone.disconnect();
  const goneLog = createRedisMessageLog(gone, { maxInProcess: 500 });
  const lost = new SystemLines({ node: 'chat-server-1', log: goneLog, messages: store.messages, logger });
  await expect(lost.add(group, ada, 'left')).resolves.toBeUndefined();
});

test('a line names ten people at most', () => {
  const names = Array.from({ length: 12 }, (_, index) => `P${index + 1}`);
  expect(listNames(names.slice(0, 2))).toBe('P1, P2');
  expect(listNames(names.slice(0, 10))).toBe('P1, P2, P3, P4, P5, P6, P7, P8, P9, P10');
  expect(listNames(names.slice(0, 11))).toBe('P1, P2, P3, P4, P5, P6, P7, P8, P9, P10 and 1 other');
  expect(listNames(names)).toBe('P1, P2, P3, P4, P5, P6, P7, P8, P9, P10 and 2 others');
});
