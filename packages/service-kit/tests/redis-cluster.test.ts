import { expect, test } from '@jest/globals';
import { eventually, newRedisCluster, type RedisServerProcess } from '@parley/testing';
import { connect, promotion, startPublishing, startReading, startWriting } from './failover-load.ts';

/** How long after the failover every connection must work again. */
const BACK_WITHIN_MS = 5_000;
/** The delay that a busy machine may add. */
const SLACK_MS = 5_000;

const cluster = await newRedisCluster({ username: 'ada', password: 'p@ss/word' });

/** Returns the replica of a master. */
async function replicaOf(master: RedisServerProcess): Promise<RedisServerProcess> {
  const info = await master.admin.info('replication');
  const port = Number(/slave0:ip=127\.0\.0\.1,port=(\d+)/.exec(info)?.[1]);
  return cluster.servers.find((server) => server.port === port) as RedisServerProcess;
}

test('after a failover from a frozen master all connections use the new one, also when the old one thaws', async () => {
  const load = await startWriting(cluster.url, 'numbers');
  const reader = await startReading(cluster.url, '{numbers}:stream');
  const pubSub = await startPublishing(cluster.url, 'channel');
  await eventually(() => expect(load.acked.length).toBeGreaterThan(100));
  await eventually(() => expect(pubSub.received.length).toBeGreaterThan(10));

  const former = await cluster.masterOf('numbers');
  const replica = await replicaOf(former);
  former.freeze();
  const promotedAt = await promotion(replica);
  // The most dangerous moment: the old master does not know yet that it was replaced.
  former.thaw();
  await cluster.failedOver('numbers', former);
  const failedOverAt = performance.now();

  const back = await eventually(() => {
    const first = load.acked.find(({ at }) => at > promotedAt);
    if (!first) throw new Error('no write was acked after the failover');
    return first.at;
  });
  expect(back - failedOverAt).toBeLessThan(BACK_WITHIN_MS + SLACK_MS);
  const receivedBefore = pubSub.sent();
  await eventually(() => expect(pubSub.received.some((value) => value > receivedBefore)).toBe(true));
  const id = await eventually(async () => (await replica.admin.xadd('{numbers}:stream', '*', 'field', 'value')) ?? '');
  await eventually(() => expect(reader.ids).toContain(id));
  const countBefore = load.acked.length;
  await eventually(() => expect(load.acked.length).toBeGreaterThan(countBefore + 300));
  await load.stop();

  const stored = new Set((await replica.admin.lrange('numbers', 0, -1)).map(Number));
  expect(load.acked.filter(({ value, at }) => at > promotedAt && !stored.has(value))).toEqual([]);
  expect(load.faults).toEqual([]);
});

test('a subscriber whose node is killed reports the lost connection and receives again', async () => {
  const subscriber = await connect(cluster.url, 'no-deadline');
  let closed = 0;
  subscriber.on('close', () => {
    closed += 1;
  });
  const received: string[] = [];
  subscriber.on('message', (_channel: string, text: string) => received.push(text));
  await subscriber.subscribe('killed');
  const id = Number(await subscriber.client('ID'));
  const holders = await Promise.all(
    cluster.servers.map(async (server) =>
      /name=test:no-deadline/.test(String(await server.admin.client('LIST', 'ID', id))) ? [server] : [],
    ),
  );
  const [node] = holders.flat() as [RedisServerProcess];
  await node.kill();
  await eventually(() => expect(closed).toBeGreaterThan(0));
  const publisher = await connect(cluster.url, 'no-deadline');
  await eventually(async () => {
    await publisher.publish('killed', 'again');
    expect(received).toContain('again');
  });
  await node.start();
});
