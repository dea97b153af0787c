import { expect, test } from '@jest/globals';
import { newFencingToken } from '@parley/leases';
import type { ConversationId } from '@parley/protocol';
import { eventually, newRedisCluster, type RedisServerProcess } from '@parley/testing';
import { newServerChannel } from './new-server-channel.ts';

const cluster = await newRedisCluster();
const newChannel = (node: string) => newServerChannel(node, cluster.url, cluster.url);

test('a reconnect on the same device waits until the other server has ended the session, whichever node it uses', async () => {
  const [requesting, holding] = await Promise.all([newChannel('requesting'), newChannel('holding')]);
  // The nodes are chosen at random: one request proves nothing.
  for (let round = 0; round < 30; round += 1) {
    const token = newFencingToken();
    await requesting.rpc.endSession('holding', token, { isSameDevice: true });
    expect(holding.endedSessions).toContain(token);
  }
});

test('a reconnect on the same device does not wait for a server that no node knows', async () => {
  const { rpc } = await newChannel('alone');
  await eventually(async () => {
    const startedAt = performance.now();
    await rpc.endSession('stopped', newFencingToken(), { isSameDevice: true });
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

test('servers that are subscribed at different nodes report their deliveries', async () => {
  const channels = await Promise.all(['memory-1', 'memory-2', 'memory-3', 'memory-4'].map(newChannel));
  await eventually(async () => {
    const deliveries = await channels[0]?.rpc.deliveriesOf('lobby' as ConversationId, 7);
    expect(deliveries?.map(({ node }) => node).filter((node) => node.startsWith('memory'))).toHaveLength(4);
  });
});

test('a server whose subscriber lost its node is certain again only after its sessions were confirmed', async () => {
  const { health, confirmations, subscriber } = await newChannel('certain');
  const pingAndGetCertainty = async () => {
    await health.check();
    return health.isCertain;
  };
  await eventually(async () => expect(await pingAndGetCertainty()).toBe(true));
  expect(confirmations).toHaveLength(0);

  const name = `certain-${process.pid}`;
  await subscriber.client('SETNAME', name);
  const lists = await Promise.all(cluster.servers.map(async ({ admin }) => String(await admin.client('LIST'))));
  const node = cluster.servers[lists.findIndex((list) => list.includes(`name=${name}`))] as RedisServerProcess;
  await node.kill();
  await eventually(async () => {
    expect(await pingAndGetCertainty()).toBe(false);
    expect(confirmations).toHaveLength(1);
  });
  confirmations[0]?.resolve();
  await eventually(async () => expect(await pingAndGetCertainty()).toBe(true));
  await node.start();
}, 120_000);
