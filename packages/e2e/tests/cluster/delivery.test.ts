import { expect, test } from '@jest/globals';
import {
  type ChatPeer,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  readHistory,
  type SeenMessage,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const CLIENTS = 40;
const CONVERSATIONS = 20;
const MESSAGES = 5_000;
const cluster = await newCluster({ NODES: 3, WORKERS: 2 });

test('when a worker is killed under load, all 5,000 messages are stored once, without a gap, and received by all', async () => {
  const users = await newGuests(cluster.url, CLIENTS);
  const [owner] = users;
  if (!owner) throw new Error('no users');
  const memberIds = users.slice(1).map(({ id }) => id);
  const conversationIds: string[] = [];
  for (let index = 0; index < CONVERSATIONS; index += 1) {
    conversationIds.push(
      await newConversation(cluster.url, owner, { kind: 'group', title: `Group ${index}`, memberIds }),
    );
  }
  const peers = await Promise.all(users.map((user) => connectPeer(cluster.url, user.token)));
  expect(new Set(peers.map((peer) => peer.node)).size).toBe(3);

  const acked = new Map<string, Map<number, string>>(conversationIds.map((id) => [id, new Map()]));
  const killAt = MESSAGES / 2;
  let sent = 0;
  await Promise.all(
    peers.map(async (peer, sender) => {
      for (let index = sender; index < MESSAGES; index += CLIENTS) {
        sent += 1;
        if (sent === killAt) cluster.kill('message-worker-1', 'SIGKILL');
        const conversationId = conversationIds[index % CONVERSATIONS] as string;
        const reply = await peer.send(conversationId, `m-${index}`, `message ${index}`);
        if (!reply.ok) throw new Error(JSON.stringify(reply));
        const { seq, id } = reply.message as SeenMessage;
        const ids = acked.get(conversationId);
        expect(ids?.has(seq)).toBe(false);
        ids?.set(seq, id);
      }
    }),
  );

  for (const [conversationId, ids] of acked) {
    const expected = Array.from({ length: MESSAGES / CONVERSATIONS }, (_, index) => index + 1);
    expect([...ids.keys()].sort((a, b) => a - b)).toEqual(expected);
    await eventually(
      () => {
        for (const peer of peers) expect(peer.seqs(conversationId)).toEqual(expected);
        for (const peer of peers) expect(peer.stored.get(conversationId)).toBe(expected.length);
      },
      120_000,
      200,
    );
    expectAckedMessages(peers, conversationId, ids);
    const pages = await readHistory(cluster.url, owner.token, conversationId);
    expect(pages.map(({ seq }) => seq)).toEqual(expected);
    expect(pages.every(({ seq, id }) => ids.get(seq) === id)).toBe(true);
  }
  expect(cluster.storedMessages()).toBe(MESSAGES);
  for (const peer of peers) peer.close();
});

/** Expects that each client received, for each seq, the message that was acked with that seq. */
function expectAckedMessages(peers: ChatPeer[], conversationId: string, ids: Map<number, string>): void {
  for (const peer of peers) {
    const wrong = peer.seen.get(conversationId)?.filter(({ seq, id }) => ids.get(seq) !== id);
    expect(wrong).toEqual([]);
  }
}
