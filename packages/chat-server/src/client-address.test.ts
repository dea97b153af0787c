import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { ClientAddresses, limitedAddress } from './client-address.ts';

/** A request over a connection from this address, with this `X-Forwarded-For`. */
const request = (remoteAddress: string | undefined, forwardedFor?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } }) as unknown as IncomingMessage;

const LISTED = new ClientAddresses(['198.51.100.7', '2001:db8:ffff::/48']);
const UNLISTED = new ClientAddresses([]);

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unix:', 'unknown'],
  ['203.0.113.7:1234', 'unknown'],
  [undefined, 'unknown'],
])('%s counts as %s', (address, limited) => {
  expect(limitedAddress(address)).toBe(limited);
});

test('the address that nginx names counts, and nginx may be at any private address', () => {
  for (const nginx of ['127.0.0.1', '::1', '::ffff:172.18.0.5', 'fd00::5']) {
    expect(UNLISTED.of(request(nginx, '203.0.113.7'))).toBe('203.0.113.7');
  }
});

test('a client in a private network is a client as any other', () => {
  expect(UNLISTED.of(request('127.0.0.1', '10.0.0.9'))).toBe('10.0.0.9');
  expect(UNLISTED.of(request('127.0.0.1', '203.0.113.7, 10.0.0.9'))).toBe('10.0.0.9');
});

test('a client without nginx cannot choose its address', () => {
  expect(LISTED.of(request('203.0.113.7', '10.0.0.9'))).toBe('203.0.113.7');
  expect(LISTED.of(request('203.0.113.7', '198.51.100.7'))).toBe('203.0.113.7');
});

test('the last address that is not a listed proxy counts, and what clients wrote before it does not', () => {
  expect(LISTED.of(request('198.51.100.7', '6.6.6.6, 203.0.113.7'))).toBe('203.0.113.7');
  expect(LISTED.of(request('127.0.0.1', '6.6.6.6, 203.0.113.7, 2001:db8:ffff::3, 198.51.100.7'))).toBe('203.0.113.7');
  expect(UNLISTED.of(request('127.0.0.1', '203.0.113.7, 198.51.100.7'))).toBe('198.51.100.7');
});

test('a request without any address is one of unknown address', () => {
  expect(UNLISTED.of(request(undefined))).toBe('unknown');
  expect(UNLISTED.of(request(undefined, '6.6.6.6'))).toBe('unknown');
});
