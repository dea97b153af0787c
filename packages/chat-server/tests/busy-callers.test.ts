import { expect, test } from '@jest/globals';
import { newGuests, requestFrom, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';
import { OTHER_ADDRESS } from './raw-clients.ts';

/** Not the address from which the test signs up: sign-ups cost much. */
const HEALTHY = '127.0.0.3';
const FLOOD = 100;
const POLLING = '/socket.io/?EIO=4&transport=polling';

const server = await newChatServer();
const [healthy, busy] = (await newGuests(server.url, 2)) as [TestUser, TestUser];

const delayed = async (kind: string) => (await server.metric('chat_delayed_requests_total')).get(`kind="${kind}"`) ?? 0;

const bearer = ({ token }: TestUser) => ({ authorization: `Bearer ${token}` });

test.each([
  { kind: 'handshake', path: POLLING, expected: 200, flood: {}, quiet: {} },
  { kind: 'stranger', path: '/api/me', expected: 401, flood: {}, quiet: {} },
  { kind: 'request', path: '/api/me', expected: 200, flood: bearer(busy), quiet: bearer(healthy) },
])('a flood waits for its turns and is not refused, others do not wait: $kind', async ({ kind, ...request }) => {
  const ask = async (from: string, headers: Record<string, string>) =>
    (await requestFrom(from, server.url + request.path, { headers })).status;
  const askQuietly = () => ask(HEALTHY, request.quiet);
  expect(await askQuietly()).toBe(request.expected); // others are active from now on
  const statuses = await Promise.all(Array.from({ length: FLOOD }, () => ask(OTHER_ADDRESS, request.flood)));
  expect(statuses).toEqual(Array(FLOOD).fill(request.expected));
  const delayedOfFlood = await delayed(kind);
  expect(delayedOfFlood).toBeGreaterThan(FLOOD / 2);
  for (let index = 0; index < 3; index += 1) expect(await askQuietly()).toBe(request.expected);
  expect(await delayed(kind)).toBe(delayedOfFlood);
});

test('a caller that is alone does not wait', async () => {
  const quietServer = await newChatServer();
  const statuses = await Promise.all(
    Array.from({ length: FLOOD }, async () => (await requestFrom(HEALTHY, quietServer.url + POLLING)).status),
  );
  expect(statuses).toEqual(Array(FLOOD).fill(200));
  const counts = await quietServer.metric('chat_delayed_requests_total');
  expect(counts.get('kind="handshake"') ?? 0).toBe(0);
});
