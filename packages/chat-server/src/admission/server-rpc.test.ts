import { afterAll, expect, test } from '@jest/globals';
import { newFencingToken } from '@parley/leases';
import type { ConversationId } from '@parley/protocol';
import { connectRedis, type RedisRole, silentLogger } from '@parley/service-kit';
import { eventually, newRedis, startTcpProxy, withoutCommandDeadline } from '@parley/testing';
import { NodeBus } from './server-rpc.ts';

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});
const redis = await newRedis();
const logger = silentLogger();
const lobby = 'lobby' as ConversationId;
/** How long a server waits for another one's answer. */
const ANSWER_DEADLINE_MS = 1_000;
/** How long what a server has heard of itself proves that it hears. */
const CERTAIN_FOR_MS = 2_500;

async function connect(url: string, role: RedisRole) {
  const connection = await connectRedis(url, role, { logger, connectionName: role });
  closers.unshift(() => connection.disconnect());
  return withoutCommandDeadline(connection);
}

async function newBus(node: string, subscriberUrl = redis.url) {
  const bus = new NodeBus({ node, command: await connect(redis.url, 'command'), logger });
  const ended: string[] = [];
  const confirmations: PromiseWithResolvers<void>[] = [];
  const subscriber = await connect(subscriberUrl, 'no-deadline');
  await bus.listen(subscriber, {
    endSession: (token) => ended.push(token),
    findDelivery: (_conversationId, seq) => (seq === 7 ? { atMs: 1, sessions: 3 } : undefined),
    confirmSessions() {
      const confirmation = Promise.withResolvers<void>();
      confirmations.push(confirmation);
      return confirmation.promise;
    },
  });
  return { bus, ended, confirmations, subscriber };
}

test('a session on another server is ended before the question is answered', async () => {
  const [asking, holding] = await Promise.all([newBus('asking'), newBus('holding')]);
  const token = await eventually(async () => {
    const asked = newFencingToken();
    const askedAt = performance.now();
    await asking.bus.endSession('holding', asked, { isSameDevice: false });
    // Else it has given up: this machine was too busy to answer in time.
    expect(performance.now() - askedAt).toBeLessThan(ANSWER_DEADLINE_MS);
    return asked;
  });
  expect(holding.ended).toContain(token);
});

test('nobody waits for a server that is gone', async () => {
  const { bus } = await newBus('alone');
  // Each attempt would take the whole deadline if it waited; that one of them does not is enough on a busy machine.
  await eventually(async () => {
    const askedAt = performance.now();
    await bus.endSession('gone', newFencingToken(), { isSameDevice: true });
    expect(performance.now() - askedAt).toBeLessThan(ANSWER_DEADLINE_MS / 2);
  });
});

test('who takes over waits until a server that hears nothing surely serves nobody', async () => {
  const { bus } = await newBus('taking-over');
  const askedAt = performance.now();
  await bus.endSession('deaf-or-gone', newFencingToken(), { isSameDevice: false });
  expect(performance.now() - askedAt).toBeGreaterThan(CERTAIN_FOR_MS);
});

test('a server is certain of its sessions while it hears itself, and after a gap once they are confirmed', async () => {
  const proxy = await startTcpProxy('127.0.0.1', redis.port);
  const { bus, confirmations, subscriber } = await newBus('certain', `redis://127.0.0.1:${proxy.port}`);
  closers.unshift(() => proxy.close());
  const looksCertain = async () => {
    await bus.checkHearing();
    return bus.isCertain;
  };
  await eventually(async () => expect(await looksCertain()).toBe(true));
  expect(confirmations).toHaveLength(0);
  proxy.stall();
  await eventually(async () => expect(await looksCertain()).toBe(false));
  proxy.restore();
  subscriber.disconnect(true);
  await eventually(async () => {
    expect(await looksCertain()).toBe(false);
    expect(confirmations).toHaveLength(1);
  });
  confirmations[0]?.reject(new Error('Redis is away'));
  await eventually(async () => {
    expect(await looksCertain()).toBe(false);
    expect(confirmations).toHaveLength(2);
  });
  confirmations[1]?.resolve();
  await eventually(async () => expect(await looksCertain()).toBe(true));
}, 120_000);

test('every server that remembers a delivery tells of it', async () => {
  const [first] = await Promise.all([newBus('memory-1'), newBus('memory-2')]);
  await eventually(async () => {
    const told = await first.bus.deliveriesOf(lobby, 7);
    expect(told.filter(({ node }) => node.startsWith('memory'))).toEqual([
      { node: 'memory-1', atMs: 1, sessions: 3 },
      { node: 'memory-2', atMs: 1, sessions: 3 },
    ]);
  });
  expect(await first.bus.deliveriesOf(lobby, 8)).toEqual([]);
});

test('a subscriber that has silently stopped receiving is noticed and replaced', async () => {
  const proxy = await startTcpProxy('127.0.0.1', redis.port);
  const { bus, subscriber } = await newBus('deaf', `redis://127.0.0.1:${proxy.port}`);
  closers.unshift(() => proxy.close());
  await eventually(async () => expect(await bus.checkHearing()).toBe(false));
  proxy.stall();
  const closed = new Promise<void>((resolve) => subscriber.on('close', resolve));
  await eventually(async () => expect(await bus.checkHearing()).toBe(true), 60_000, 200);
  await closed;
  proxy.restore();
  const asking = await newBus('asking-deaf');
  await eventually(async () =>
    expect(await asking.bus.deliveriesOf(lobby, 7)).toContainEqual({ node: 'deaf', atMs: 1, sessions: 3 }),
  );
});
