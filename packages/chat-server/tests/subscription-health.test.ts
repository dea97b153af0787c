import { expect, test } from '@jest/globals';
import type { ConversationId } from '@parley/protocol';
import { eventually, startTcpProxy } from '@parley/testing';
import { newServerChannel, redis } from './new-server-channel.ts';

/** A channel whose subscriber connects through a proxy, which can stall. */
async function newChannelBehindProxy(node: string) {
  const proxy = await startTcpProxy('127.0.0.1', redis.port);
  return { proxy, ...(await newServerChannel(node, `redis://127.0.0.1:${proxy.port}`)) };
}

test('a server is certain while its pings return, and after a new connection once its sessions are confirmed', async () => {
  const { proxy, health, confirmations, subscriber } = await newChannelBehindProxy('certain');
  const pingAndGetCertainty = async () => {
    await health.check();
    return health.isCertain;
  };
  await eventually(async () => expect(await pingAndGetCertainty()).toBe(true));
  expect(confirmations).toHaveLength(0);

  proxy.stall();
  await eventually(async () => expect(await pingAndGetCertainty()).toBe(false));

  proxy.restore();
  subscriber.disconnect(true);
  await eventually(async () => {
    expect(await pingAndGetCertainty()).toBe(false);
    expect(confirmations).toHaveLength(1);
  });
  confirmations[0]?.reject(new Error('Redis is unavailable'));
  await eventually(async () => {
    expect(await pingAndGetCertainty()).toBe(false);
    expect(confirmations).toHaveLength(2);
  });
  confirmations[1]?.resolve();
  await eventually(async () => expect(await pingAndGetCertainty()).toBe(true));
}, 120_000);

test('a subscriber that silently stopped receiving is replaced and receives again', async () => {
  const { proxy, health, subscriber } = await newChannelBehindProxy('dead');
  await eventually(async () => expect(await health.check()).toBe(false));
  proxy.stall();
  const closed = new Promise<void>((resolve) => subscriber.on('close', resolve));
  await eventually(async () => expect(await health.check()).toBe(true), 60_000, 200);
  await closed;
  proxy.restore();
  const { rpc } = await newServerChannel('requesting');
  await eventually(async () =>
    expect(await rpc.deliveriesOf('lobby' as ConversationId, 7)).toContainEqual({
      node: 'dead',
      atMs: 1,
      sessions: 3,
    }),
  );
});
