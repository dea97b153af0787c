import { expect, test } from '@jest/globals';
import { type ChatPeer, connectPeer, eventually, newConversation, newGuests, type SeenMessage } from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const MAX_IN_PROCESS = 20;
/** One conversation may use the last 10 % only below its share. */
const MAX_OF_LOBBY = 18;
const cluster = await newCluster({ NODES: 2, MAX_IN_PROCESS });

test('with a slow store, at most 20 messages are in process; senders get BUSY with a retry time and lose nothing', async () => {
  const [outsider, ...users] = await newGuests(cluster.url, 11);
  if (!outsider) throw new Error('no guest');
  const elsewhere = await newConversation(cluster.url, outsider, { kind: 'channel', title: 'Elsewhere' });
  const other = await connectPeer(cluster.url, outsider.token);
  const peers = await Promise.all(users.map((user) => connectPeer(cluster.url, user.token)));
  let most = 0;
  let sampling = true;
  const sampler = (async () => {
    while (sampling) most = Math.max(most, await cluster.redis.xlen('parley:{p0}:log'));
  })();

  let busy = 0;
  const acked = new Set<number>();
  const sendAll = async (peer: ChatPeer, sender: number) => {
    for (let index = 0; index < 30; index += 1) {
      for (;;) {
        const payload = { conversationId: 'lobby', clientMessageId: `${sender}-${index}`, kind: 'text', text: 'hi' };
        const reply = await peer.emitOnce('message:send', payload);
        if (reply.ok) {
          acked.add((reply.message as SeenMessage).seq);
          break;
        }
        expect(reply).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) });
        // UNAVAILABLE: Redis did not answer in time on a busy machine.
        expect(['BUSY', 'UNAVAILABLE']).toContain(reply.code);
        if (reply.code === 'BUSY') busy += 1;
        await new Promise((resolve) => setTimeout(resolve, reply.retryAfterMs));
      }
    }
  };
  const releaseStore = cluster.lockStore();
  const sending = Promise.all(peers.map(sendAll));
  try {
    await eventually(() => expect(busy).toBeGreaterThan(20));
    await eventually(() => expect(most).toBe(MAX_OF_LOBBY));
    for (let index = MAX_OF_LOBBY; index < MAX_IN_PROCESS; index += 1) {
      const payload = { conversationId: elsewhere, clientMessageId: `other-${index}`, kind: 'text', text: 'hi' };
      expect(await other.emit('message:send', payload)).toMatchObject({ ok: true });
    }
    await eventually(() => expect(most).toBe(MAX_IN_PROCESS));
  } finally {
    releaseStore();
  }
  await sending;

  const expected = Array.from({ length: 300 }, (_, index) => index + 1);
  expect([...acked].sort((a, b) => a - b)).toEqual(expected);
  await eventually(() => {
    for (const peer of peers) expect(peer.seqs('lobby')).toEqual(expected);
    expect(peers[0]?.stored.get('lobby')).toBe(300);
  });
  sampling = false;
  await sampler;
  expect(most).toBe(MAX_IN_PROCESS);
  await eventually(() => expect(cluster.storedMessages()).toBe(300 + MAX_IN_PROCESS - MAX_OF_LOBBY));
  for (const peer of [...peers, other]) peer.close();
});
