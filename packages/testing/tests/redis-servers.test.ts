import { expect, test } from '@jest/globals';
import { eventually, newRedisCluster, newRedisSentinel, type RedisServerProcess } from '@parley/testing';

test('a Sentinel set replaces a frozen master, which is a replica after it thaws', async () => {
  const set = await newRedisSentinel({ password: 'p@ss/word', username: 'ada', sentinelPassword: 'other' });
  const addresses = set.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  expect(set.url).toBe(`redis+sentinel://ada:${encodeURIComponent('p@ss/word')}@${addresses}/main`);
  const former = await set.master();
  await former.admin.set('key', 'value');
  former.freeze();
  expect(await former.answers()).toBe(false);
  const successor = await set.failedOver(former);
  expect(await successor.admin.get('key')).toBe('value');
  former.thaw();
  await eventually(async () => expect(await former.admin.info('replication')).toContain('role:slave'));
});

test('a Cluster replaces a frozen and a killed master, and a killed one can start again', async () => {
  const cluster = await newRedisCluster();
  const former = await cluster.masterOf('key');
  former.freeze();
  const successor = await cluster.failedOver('key', former);
  former.thaw();
  await eventually(async () => expect(await former.admin.info('replication')).toContain('master_link_status:up'));
  await successor.kill();
  expect(await cluster.failedOver('key', successor)).toBe(former);
  await successor.start();
  await eventually(async () => expect(await successor.admin.info('replication')).toContain('role:slave'));
});

test('a set can require replicas for a write', async () => {
  const directives = [
    ['min-replicas-to-write', 1],
    ['min-replicas-max-lag', 1],
  ] as const;
  const set = await newRedisSentinel({ directives });
  const [, replica] = set.servers as [RedisServerProcess, RedisServerProcess];
  const master = await set.master();
  expect(await master.admin.set('key', 'value')).toBe('OK');
  await replica.kill();
  await eventually(async () => {
    await expect(master.admin.set('key', 'value')).rejects.toThrow('NOREPLICAS');
  });
});
