import { expect, test } from '@jest/globals';
import { callRest, connectPeer, eventually, newGuests, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const stopping = await newChatServer();
const other = await newChatServer({}, stopping);
const draining = await newChatServer();

test('a stopping server moves its clients to another server and frees their slots', async () => {
  const users = (await newGuests(stopping.url, 3)) as [TestUser, TestUser, TestUser];
  const peers = await Promise.all(users.map(({ token }) => connectPeer(stopping.url, token)));
  const stopped = stopping.stop();
  await eventually(() => {
    for (const peer of peers) expect(peer.draining).toEqual([1_000]);
  });
  // The peers stay, so the server closes their transports. On that, a client with reconnection connects again.
  await stopped;
  for (const peer of peers) await eventually(() => expect(peer.disconnectedBy).toBe('transport close'));
  await expect(callRest(stopping.url, 'GET', '/healthz')).rejects.toThrow();
  for (const { token } of users) {
    const peer = await connectPeer(other.url, token);
    expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
    peer.close();
  }
});

test('a draining server rejects clients with SHUTTING_DOWN', async () => {
  const [held, late] = (await newGuests(draining.url, 2)) as [TestUser, TestUser];
  const holder = await connectPeer(draining.url, held.token);
  // A connection that was open before the drain, and joins the namespace during it.
  const webSocket = new WebSocket(`${draining.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const packets: string[] = [];
  webSocket.onmessage = ({ data }) => packets.push(String(data));
  await eventually(() => expect(packets[0]).toMatch(/^0/));
  const stopped = draining.stop();
  await eventually(() => expect(holder.draining).toHaveLength(1));
  webSocket.send(`40${JSON.stringify({ token: late.token })}`);
  await eventually(() => expect(packets[1]).toMatch(/^44.*"code":"SHUTTING_DOWN"/));
  await stopped;
});
