import { expect, test } from '@jest/globals';
import { askToConnect, ChatPeer, connectPeer, eventually, newAccount, newGuests, type TestUser } from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const SLOTS = 50;
const IDLE_TIMEOUT_MS = 15_000;
const cluster = await newCluster({ MAX_CLIENTS: SLOTS, NODES: 3, IDLE_TIMEOUT_MS });

/** A script that holds a slot: it says hello, and when it is disconnected, it connects again and waits in the queue. */
async function newScript({ id, token }: TestUser): Promise<ChatPeer> {
  const peer = await connectPeer(cluster.url, token, { auth: { deviceId: id }, reconnects: true });
  expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  peer.socket.on('disconnect', () => peer.socket.connect());
  return peer;
}

test('guests that only say hello hold all slots, and a registered user gets in when they are idle, and chats', async () => {
  const guests = await newGuests(cluster.url, SLOTS);
  const scripts = await Promise.all(guests.map((guest) => eventually(() => newScript(guest))));
  const account = await newAccount(cluster.url, 'registered');
  let most = 0;
  const peer = await eventually(
    async () => {
      most = Math.max(most, (await cluster.slotHolders()).size);
      const asked = await askToConnect(() => new ChatPeer(cluster.url, account.token));
      expect(asked.refusal).toBeUndefined();
      return asked.peer;
    },
    120_000,
    500,
  );
  most = Math.max(most, (await cluster.slotHolders()).size);
  expect(most).toBe(SLOTS);
  expect(await peer.send('lobby', 'at-last', 'I am in')).toMatchObject({ ok: true });

  const ended = scripts.filter(({ sessionEnds }) => sessionEnds.length > 0);
  expect(ended.length).toBeGreaterThan(0);
  for (const { sessionEnds, idleWarnings } of ended) {
    expect(sessionEnds[0]).toEqual({ event: 'session:expired', code: 'IDLE' });
    expect(idleWarnings.length).toBeGreaterThan(0);
  }
  // The user stays as long as there is activity, although scripts wait for the slot.
  const before = ended.length;
  await eventually(
    async () => {
      expect(await peer.emit('typing', { conversationId: 'lobby', isTyping: true })).toMatchObject({ ok: true });
      const again = scripts.filter(({ sessionEnds }) => sessionEnds.length > 0).length;
      expect(again).toBeGreaterThan(before);
    },
    120_000,
    500,
  );
  expect(peer.sessionEnds).toEqual([]);
  for (const each of [peer, ...scripts]) {
    each.socket.removeAllListeners('disconnect');
    each.close();
  }
});
