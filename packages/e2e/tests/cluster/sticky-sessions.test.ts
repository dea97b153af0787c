import { expect, test } from '@jest/globals';
import { type ChatPeer, connectPeer, eventually, newGuests } from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const cluster = await newCluster({ NODES: 3, MAX_CLIENTS: 100 });

test.each([
  ['polling', ['polling'] as const],
  ['WebSocket', ['websocket'] as const],
  ['polling that becomes WebSocket', ['polling', 'websocket'] as const],
])(
  'clients with the same address, connected over %s, are spread over three servers and receive all messages',
  async (_name, transports) => {
    const users = await newGuests(cluster.url, 30);
    const options = { transports: [...transports] };
    // One after the other: in a burst, a server with a slow first handshake correctly gets fewer clients.
    const peers: ChatPeer[] = [];
    for (const user of users) peers.push(await connectPeer(cluster.url, user.token, options));
    const byNode = Map.groupBy(peers, (peer) => peer.node);
    expect([...byNode.keys()].sort()).toEqual(['chat-server-1', 'chat-server-2', 'chat-server-3']);
    for (const atNode of byNode.values()) expect(atNode.length).toBeGreaterThanOrEqual(5);

    const replies = await Promise.all(peers.map((peer, index) => peer.send('lobby', `s-${index}`, `from ${index}`)));
    const seqs = replies.map((reply) => (reply.ok ? (reply.message as { seq: number }).seq : 0)).sort((a, b) => a - b);
    await eventually(() => {
      for (const peer of peers) expect(peer.seqs('lobby')).toEqual(expect.arrayContaining(seqs));
    });
    expect(peers.every((peer) => peer.socket.connected)).toBe(true);
    for (const peer of peers) peer.close();
  },
);
