import { expect, test } from '@jest/globals';
import { ChatError } from '@parley/protocol';
import { connectErrorPacket, readConnectPacket } from './connect-packet.ts';

test.each(['0', '0{}', '0{"token":"a,b"}', '0/', '0/,', '0/,{"token":"x"}'])('%s is accepted', (data) => {
  expect(readConnectPacket(data)).toEqual({ namespace: '/', refusal: undefined });
});

test.each([
  ['0/chat', '/chat', 'NOT_FOUND'],
  ['0/chat,{"token":"x"}', '/chat', 'NOT_FOUND'],
  ['0/?token=x,', '/?token=x', 'NOT_FOUND'],
  ['0[]', '/', 'INVALID_PAYLOAD'],
  ['0null', '/', 'INVALID_PAYLOAD'],
  ['0/,{', '/', 'INVALID_PAYLOAD'],
  [`0/${'x'.repeat(20_000)}`, '/', 'PAYLOAD_TOO_LARGE'],
])('%.20s is refused', (data, namespace, code) => {
  expect(readConnectPacket(data)).toMatchObject({ namespace, refusal: { code } });
});

test.each(['2["away"]', '1', '', '4', Buffer.from('0'), undefined])('%s is no CONNECT', (data) => {
  expect(readConnectPacket(data)).toBeUndefined();
});

test('an error names the namespace, except for the root', () => {
  const error = new ChatError('NOT_FOUND', { message: 'no' });
  const body = '{"message":"NOT_FOUND","data":{"code":"NOT_FOUND","message":"no","retryable":false}}';
  expect(connectErrorPacket('/', error)).toBe(`4${body}`);
  expect(connectErrorPacket('/chat', error)).toBe(`4/chat,${body}`);
});
