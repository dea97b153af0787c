import { expect, test } from '@jest/globals';
import { requestFrom } from '@parley/testing';
import { type Echo, newBackend, newFront } from './new-front.ts';

/** The load balancer, the network of another one, and a client that connects to nginx itself. */
const BALANCER = '127.0.0.7';
const SECOND_BALANCER = '127.1.2.3';
const CLIENT = '127.0.0.2';

const backends = new Map([['chat-server-1', await newBackend('chat-server-1')]]);
const front = await newFront(backends, { TRUSTED_PROXIES: [BALANCER, '127.1.0.0/16', '2001:db8::/32'] });

/** Returns what a chat server receives about the client of a request that comes from this address. */
async function clientOf(address: string, headers: Record<string, string> = {}) {
  const { body } = await requestFrom(address, `${front.url}/api/me`, { headers: { host: 'chat.example', ...headers } });
  const received = (JSON.parse(body) as Echo).headers;
  return {
    address: received['x-forwarded-for'],
    realIp: received['x-real-ip'],
    protocol: received['x-forwarded-proto'],
    host: received['x-forwarded-host'],
  };
}

test('the address, protocol and host that a listed load balancer names are those of the client', async () => {
  const headers = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'Chat.example.org:8443',
  };
  const named = {
    address: '203.0.113.7',
    realIp: '203.0.113.7',
    protocol: 'https',
    host: 'Chat.example.org:8443',
  };
  expect(await clientOf(BALANCER, headers)).toEqual(named);
  expect(await clientOf(SECOND_BALANCER, headers)).toEqual(named);
  expect(await clientOf(BALANCER, { 'x-forwarded-for': '2001:db9::5' })).toMatchObject({ address: '2001:db9::5' });
});

test('a client cannot choose its address, protocol or host', async () => {
  const forged = { 'x-forwarded-for': BALANCER, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' };
  const own = { address: CLIENT, realIp: CLIENT, protocol: 'http', host: 'chat.example' };
  expect(await clientOf(CLIENT, forged)).toEqual(own);
  expect(await clientOf(CLIENT, { 'x-real-ip': '6.6.6.6', forwarded: 'for=6.6.6.6' })).toEqual(own);
});

test('the last address that is not a listed proxy counts, whatever the client wrote before it', async () => {
  const chain = `6.6.6.6, 203.0.113.7, ${SECOND_BALANCER}, 2001:db8::9`;
  expect(await clientOf(BALANCER, { 'x-forwarded-for': chain })).toMatchObject({ address: '203.0.113.7' });
});

test('a load balancer that sends rubbish is itself the client', async () => {
  const headers = { 'x-forwarded-for': 'rubbish', 'x-forwarded-proto': 'gopher', 'x-forwarded-host': 'a b"' };
  expect(await clientOf(BALANCER, headers)).toEqual({
    address: BALANCER,
    realIp: BALANCER,
    protocol: 'http',
    host: 'chat.example',
  });
});
