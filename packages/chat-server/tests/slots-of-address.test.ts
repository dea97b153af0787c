import { expect, test } from '@jest/globals';
import { askToConnect, ChatPeer, connectPeer, eventually, newGuests, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const server = await newChatServer({ CLIENTS_PER_ADDRESS: 2 });

/** A client behind nginx, which names its address. */
const from = (address: string, transport: 'polling' | 'websocket' = 'websocket') => ({
  headers: { 'X-Forwarded-For': address },
  transports: [transport],
});

const refusalOf = async ({ token }: TestUser, options: ReturnType<typeof from>) =>
  (await askToConnect(() => new ChatPeer(server.url, token, options))).refusal;

test.each(['polling', 'websocket'] as const)('one address has at most its slots, over %s', async (transport) => {
  const [one, two, three, other] = (await newGuests(server.url, 4)) as [TestUser, TestUser, TestUser, TestUser];
  const home = from('203.0.113.7', transport);
  const peers = await Promise.all([one, two].map(({ token }) => connectPeer(server.url, token, home)));
  const refusal = await refusalOf(three, home);
  expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
  expect(refusal).not.toHaveProperty('position');
  expect((await server.metric('chat_rate_limited_total')).get('rule="session"')).toBeGreaterThan(0);
  peers.push(await connectPeer(server.url, other.token, from('203.0.113.8', transport)));
  peers.shift()?.close();
  peers.push(await eventually(() => connectPeer(server.url, three.token, home)));
  for (const peer of peers) peer.close();
  await eventually(async () => expect(await server.redis.client.zcard('parley:{sessions}:addresses')).toBe(0));
});

test('the addresses of one IPv6 network share the slots', async () => {
  const [one, two, three] = (await newGuests(server.url, 3)) as [TestUser, TestUser, TestUser];
  const peers = [
    await connectPeer(server.url, one.token, from('2001:db8:1:2::1')),
    await connectPeer(server.url, two.token, from('2001:db8:1:2:ffff::2')),
  ];
  expect(await refusalOf(three, from('2001:db8:1:2::3'))).toMatchObject({ code: 'RATE_LIMITED' });
  peers.push(await connectPeer(server.url, three.token, from('2001:db8:1:3::3')));
  for (const peer of peers) peer.close();
});
