import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from '@jest/globals';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { eventually, freePort, newTemporaryDirectory, withoutCommandDeadline } from '@parley/testing';
import { Redis } from 'ioredis';
import { createRedisSessionLeases } from '../src/index.ts';
import { hold, LONG_TTL_MS, queueUp } from './lease-fixture.ts';

const [port, busPort, dir] = await Promise.all([freePort(), freePort(), newTemporaryDirectory()]);
const settings = {
  port,
  dir,
  bind: '127.0.0.1',
  save: '',
  appendonly: 'no',
  'cluster-enabled': 'yes',
  'cluster-port': busPort,
  'cluster-announce-ip': '127.0.0.1',
};
const server = spawn(
  'redis-server',
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
  { stdio: 'ignore' },
);
const admin = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 20 });
admin.on('error', () => undefined);
afterAll(async () => {
  admin.disconnect();
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
});
await admin.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
await eventually(async () => expect(await admin.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'));

test('every script runs on a Redis Cluster, which refuses keys of different hash slots', async () => {
  const url = `redis+cluster://127.0.0.1:${port}`;
  const cluster = withoutCommandDeadline(
    await connectRedis(url, 'command', { logger: silentLogger(), connectionName: 'leases-test' }),
  );
  try {
    const leases = createRedisSessionLeases(cluster, {
      maxClients: 1,
      sessionTtlMs: LONG_TTL_MS,
      clientsPerAddress: 1,
      idleTimeoutMs: 2,
    });
    const ada = await hold(leases, 'ada', { isGuest: true, address: '203.0.113.7' });
    await queueUp(leases, 'bob', undefined, { isGuest: true });
    await eventually(async () => expect(await leases.renew([ada])).toMatchObject({ lost: [], idle: [{}] }));
    expect(await leases.extendAuthorisation(ada.userId, 5)).toBe(true);
    expect((await leases.find(ada.userId))?.authorisedUntilMs).toBe(5);
    expect((await leases.ledger()).leases).toHaveLength(1);
    expect(await leases.count()).toEqual({ held: 1, waiting: 1 });
    expect(await leases.release([ada])).toBe(1);
    await hold(leases, 'bob', { node: 'chat-server-2' });
    expect(await leases.releaseNode('chat-server-2')).toBe(1);
  } finally {
    cluster.disconnect();
  }
});
