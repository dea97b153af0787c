import { afterAll, expect, test } from '@jest/globals';
import type { ConversationId, UserId } from '@parley/protocol';
import { connectRedis, type RedisConnection, silentLogger } from '@parley/service-kit';
import { eventually, newRedis } from '@parley/testing';
import { fromLines, type PresenceReport, PresenceReporter, subscribeToPresenceReports, toLine } from '../src/index.ts';

const connections: RedisConnection[] = [];
afterAll(() => {
  for (const redis of connections) redis.disconnect();
});
const server = await newRedis();
const connect = async () => {
  const redis = await connectRedis(server.url, 'no-deadline', { logger: silentLogger(), connectionName: 'reports' });
  connections.push(redis);
  return redis;
};

const userId = 'u_ada' as UserId;
const conversationId = 'c_tea' as ConversationId;
const reports: PresenceReport[] = [
  { kind: 'opened', userId, conversationIds: [] },
  { kind: 'opened', userId, conversationIds: [conversationId, 'c_news' as ConversationId] },
  { kind: 'away', userId },
  { kind: 'members', conversationId, userIds: [userId, 'u_bo' as UserId] },
  { kind: 'ended', userId },
];

test('every subscriber receives all reports in order', async () => {
  const received: PresenceReport[][] = [[], []];
  for (const list of received) await subscribeToPresenceReports(await connect(), (some) => list.push(...some));
  const redis = await connect();
  const reporter = new PresenceReporter(redis);
  for (const report of reports) reporter.report(report);
  for (const list of received) await eventually(() => expect(list).toEqual(reports));
  reporter.report(reports[0] as PresenceReport);
  reporter.close();
  for (const list of received) await eventually(() => expect(list).toEqual([...reports, reports[0]]));
});

test('skips reports of an unknown kind', () => {
  expect(fromLines(`x u_ada\n${reports.map(toLine).join('\n')}\n`)).toEqual(reports);
});
