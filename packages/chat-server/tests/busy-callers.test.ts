import { expect, test } from '@jest/globals';
import { newGuests, type RawReply, requestFrom, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';
import { OTHER_ADDRESS } from './raw-clients.ts';

const HEALTHY = '127.0.0.1';
const FLOOD = 100;
const POLLING = '/socket.io/?EIO=4&transport=polling';

const server = await newChatServer();
const [healthy, busy] = (await newGuests(server.url, 2)) as [TestUser, TestUser];

const delayed = async (kind: string) => (await server.metric('chat_delayed_requests_total')).get(`kind="${kind}"`) ?? 0;

/** Makes requests at once. @returns their statuses, and how many of them were answered before one healthy request that came last */
async function floodBeside(healthyRequest: () => Promise<RawReply>, floodRequest: () => Promise<RawReply>) {
  let answered = 0;
  const flood = Array.from({ length: FLOOD }, async () => {
    const { status } = await floodRequest();
    answered += 1;
    return status;
  });
  const { status } = await healthyRequest();
  const before = answered;
  return { healthyStatus: status, before, statuses: await Promise.all(flood) };
}

const bearer = ({ token }: TestUser) => ({ authorization: `Bearer ${token}` });

test.each([
  { kind: 'handshake', path: POLLING, expected: 200, flood: {}, quiet: {} },
  { kind: 'stranger', path: '/api/me', expected: 401, flood: {}, quiet: {} },
  { kind: 'request', path: '/api/me', expected: 200, flood: bearer(busy), quiet: bearer(healthy) },
])('a flood waits for its turns, and is not refused: $kind', async ({ kind, path, expected, flood, quiet }) => {
  const healthyRequest = () => requestFrom(HEALTHY, server.url + path, { headers: quiet });
  await healthyRequest(); // a caller that is alone does not wait
  const floodRequest = () => requestFrom(OTHER_ADDRESS, server.url + path, { headers: flood });
  const { healthyStatus, before, statuses } = await floodBeside(healthyRequest, floodRequest);
  expect(healthyStatus).toBe(expected);
  expect(before).toBeLessThan(FLOOD / 2);
  expect(statuses).toEqual(Array(FLOOD).fill(expected));
  expect(await delayed(kind)).toBeGreaterThan(FLOOD / 2);
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
