import { expect, test } from '@jest/globals';
import { ChatPeer, connectPeer, newGuest, requestFrom } from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const ATTACKER = '127.0.0.2';

const cluster = await newCluster({
  ...{ NODE_ENV: 'production', JWT_SECRET: 's'.repeat(32), ALLOW_GUESTS: 'true', NODES: 2 },
  ...{ HANDSHAKES_PER_MINUTE: 60, HTTP_CONNECTIONS_PER_ADDRESS: 1_000 },
});
const url = cluster.url.replace('localhost', '127.0.0.1');

const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

test('in production one address cannot create accounts at will, whatever it claims to be, and others can', async () => {
  const replies = await times(40, (index) =>
    requestFrom(ATTACKER, `${url}/api/auth/guest`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': `6.6.6.${index}`,
        'x-real-ip': `6.6.6.${index}`,
      },
      body: '{"displayName":"Flood"}',
    }),
  );
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(10);
  for (const { status, headers, body } of replies.filter(({ status }) => status !== 201)) {
    expect([status, headers['content-type']]).toEqual([429, expect.stringContaining('application/problem+json')]);
    const { code, retryAfterMs } = JSON.parse(body);
    expect(code).toBe('RATE_LIMITED');
    expect(Number(headers['retry-after'])).toBe(Math.ceil(retryAfterMs / 1_000));
  }
  expect((await newGuest(url, 'Healthy')).id).toMatch(/^u_/);
});

test('while one address floods handshakes, a user at another connects and chats', async () => {
  const healthy = await newGuest(url, 'Ada');
  const flood = times(200, async () => {
    const peer = new ChatPeer(url, 'no token', { from: ATTACKER, transports: ['polling'] });
    const outcome = await peer.outcome();
    peer.close();
    return outcome?.code;
  });
  const peer = await connectPeer(url, healthy.token);
  for (let message = 0; message < 10; message += 1) {
    expect(await peer.send('lobby', `message-${message}`, 'Hello')).toMatchObject({ ok: true });
  }
  // Those beyond the limit of the chat servers get a code; those far beyond it are refused by nginx.
  const codes = await flood;
  expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(60);
  expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(0);
  peer.close();
});
