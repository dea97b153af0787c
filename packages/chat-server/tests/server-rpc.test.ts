import { expect, test } from '@jest/globals';
import { newFencingToken } from '@parley/leases';
import type { ConversationId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { newServerChannel } from './new-server-channel.ts';

const lobby = 'lobby' as ConversationId;
/** How long a server waits for a response. */
const RESPONSE_DEADLINE_MS = 1_000;
/** After this time a server without a subscription serves no session. */
const CERTAIN_FOR_MS = 2_500;

test('ending a session resolves after the other server has ended it', async () => {
  const [requesting, holding] = await Promise.all([newServerChannel('requesting'), newServerChannel('holding')]);
  const token = await eventually(async () => {
    const requested = newFencingToken();
    const startedAt = performance.now();
    await requesting.rpc.endSession('holding', requested, { isSameDevice: false });
    // Later, the request has timed out because this machine is too busy, which shows nothing.
    expect(performance.now() - startedAt).toBeLessThan(RESPONSE_DEADLINE_MS);
    return requested;
  });
  expect(holding.endedSessions).toContain(token);
});

test('a reconnect on the same device does not wait for a server that has no subscription', async () => {
  const { rpc } = await newServerChannel('alone');
  // A request that waits takes its whole deadline, so one fast request is enough, even on a busy machine.
  await eventually(async () => {
    const startedAt = performance.now();
    await rpc.endSession('stopped', newFencingToken(), { isSameDevice: true });
    expect(performance.now() - startedAt).toBeLessThan(RESPONSE_DEADLINE_MS / 2);
  });
});

test('a takeover waits until a server that does not respond certainly serves no session', async () => {
  const { rpc } = await newServerChannel('taking-over');
  const startedAt = performance.now();
  await rpc.endSession('unsubscribed', newFencingToken(), { isSameDevice: false });
  expect(performance.now() - startedAt).toBeGreaterThan(CERTAIN_FOR_MS);
});

test('every server that remembers a delivery reports it', async () => {
  const [first] = await Promise.all([newServerChannel('memory-1'), newServerChannel('memory-2')]);
  await eventually(async () => {
    const deliveries = await first.rpc.deliveriesOf(lobby, 7);
    expect(deliveries.filter(({ node }) => node.startsWith('memory'))).toEqual([
      { node: 'memory-1', atMs: 1, sessions: 3 },
      { node: 'memory-2', atMs: 1, sessions: 3 },
    ]);
  });
  expect(await first.rpc.deliveriesOf(lobby, 8)).toEqual([]);
});
