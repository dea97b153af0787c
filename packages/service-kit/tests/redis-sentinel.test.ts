import { expect, test } from '@jest/globals';
import { eventually, newRedisSentinel, type RedisServerProcess } from '@parley/testing';
import { silentLogger } from '../src/logger.ts';
import { connect, promotion, startPublishing, startReading, startWriting } from './failover-load.ts';

/** How long after the failover every connection must work again. */
const BACK_WITHIN_MS = 5_000;
/** The delay that a busy machine may add. */
const SLACK_MS = 5_000;

const set = await newRedisSentinel({ username: 'ada', password: 'p@ss/word', sentinelPassword: 'p@ss/word' });

test('after a failover from a frozen master all connections use the new one, also when the old one thaws', async () => {
  const load = await startWriting(set.url, 'numbers');
  const reader = await startReading(set.url, 'stream');
  const pubSub = await startPublishing(set.url, 'channel');
  await eventually(() => expect(load.acked.length).toBeGreaterThan(100));
  await eventually(() => expect(pubSub.received.length).toBeGreaterThan(10));

  const former = await set.master();
  const [replica] = set.servers.filter((server) => server !== former) as [RedisServerProcess];
  former.freeze();
  const promotedAt = await promotion(replica);
  // The most dangerous moment: the Sentinels do not name the new master yet, and the old one does not know it.
  former.thaw();
  await set.failedOver(former);
  const failedOverAt = performance.now();

  const back = await eventually(() => {
    const first = load.acked.find(({ at }) => at > promotedAt);
    if (!first) throw new Error('no write was acked after the failover');
    return first.at;
  });
  expect(back - failedOverAt).toBeLessThan(BACK_WITHIN_MS + SLACK_MS);
  const receivedBefore = pubSub.sent();
  await eventually(() => expect(pubSub.received.some((value) => value > receivedBefore)).toBe(true));
  const id = await eventually(async () => (await replica.admin.xadd('stream', '*', 'field', 'value')) ?? '');
  await eventually(() => expect(reader.ids).toContain(id));
  const countBefore = load.acked.length;
  await eventually(() => expect(load.acked.length).toBeGreaterThan(countBefore + 300));
  await load.stop();

  const stored = new Set((await replica.admin.lrange('numbers', 0, -1)).map(Number));
  expect(load.acked.filter(({ value, at }) => at > promotedAt && !stored.has(value))).toEqual([]);
  expect(load.faults).toEqual([]);
});

test('a failover that is ordered while the master works loses no later write', async () => {
  const load = await startWriting(set.url, 'ordered');
  await eventually(() => expect(load.acked.length).toBeGreaterThan(100));
  const former = await set.master();
  const [replica] = set.servers.filter((server) => server !== former) as [RedisServerProcess];
  await eventually(async () => expect(await replica.admin.info('replication')).toContain('master_link_status:up'));
  await eventually(() => set.sentinels[0]?.admin.call('SENTINEL', 'FAILOVER', 'main'));
  const promotedAt = await promotion(replica);
  await eventually(() => expect(load.acked.filter(({ at }) => at > promotedAt).length).toBeGreaterThan(300));
  await load.stop();
  const stored = new Set((await replica.admin.lrange('ordered', 0, -1)).map(Number));
  expect(load.acked.filter(({ value, at }) => at > promotedAt && !stored.has(value))).toEqual([]);
  expect(load.faults).toEqual([]);
});

test('a frozen Sentinel does not keep connections from opening', async () => {
  const [sentinel] = set.sentinels as [RedisServerProcess];
  sentinel.freeze();
  const connection = await connect(set.url, 'command');
  expect(await eventually(() => connection.set('text', 'a'))).toBe('OK');
  sentinel.thaw();
});

test('a Sentinel that replaces a master too soon gives one warning, also if it answers late', async () => {
  const [sentinel] = set.sentinels as [RedisServerProcess];
  await sentinel.admin.call('SENTINEL', 'SET', 'main', 'down-after-milliseconds', 1_999);
  const warnings: string[] = [];
  const logger = silentLogger();
  logger.warn = (warning: unknown) => warnings.push(String(warning));
  const warningsOfTimeout = () => warnings.filter((text) => text.includes('down-after-milliseconds 1999'));

  sentinel.freeze();
  await connect(set.url, 'command', logger);
  expect(warningsOfTimeout()).toEqual([]);
  sentinel.thaw();
  await eventually(() => expect(warningsOfTimeout()).toHaveLength(1));
});
