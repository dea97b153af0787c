import { expect, test } from '@jest/globals';
import { callRestOnce, eventually, newGuest } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

// Work is counted, not timed: how many passwords of the attacker were verified before a healthy call returned.

const server = await newChatServer();
const ada = await newGuest(server.url, 'Ada');

/** The server runs behind a proxy on loopback, which says who calls. */
const from = (address: string) => ({ 'x-forwarded-for': address });

type Outcome = 'wrong' | 'refused';

/** Logs in under random names, all at once. */
function startFlood({ url }: { url: string }, logIns: number, addressOf: (index: number) => string) {
  const counts: Record<Outcome, number> = { wrong: 0, refused: 0 };
  const attempts = Array.from({ length: logIns }, async (_, index) => {
    const reply = await callRestOnce<{ code: string; retryAfterMs?: number }>(url, 'POST', '/api/auth/login', {
      headers: from(addressOf(index)),
      body: { username: `nobody-${index}`, password: 'not a password' },
    });
    const isRefused = reply.body.code !== 'UNAUTHENTICATED';
    if (isRefused) expect(reply.body).toMatchObject({ retryAfterMs: expect.any(Number) });
    counts[isRefused ? 'refused' : 'wrong'] += 1;
  });
  return { counts, ended: Promise.all(attempts) };
}

test('log-ins do not delay callers who are signed in, and what cannot be verified soon is refused', async () => {
  const { counts, ended } = startFlood(server, 160, (index) => `10.0.0.${index % 8}`);
  let isRunning = true;
  void ended.finally(() => {
    isRunning = false;
  });
  let mostVerified = 0;
  while (isRunning) {
    const before = counts.wrong;
    expect((await callRestOnce(server.url, 'GET', '/api/me', { token: ada.token })).status).toBe(200);
    mostVerified = Math.max(mostVerified, counts.wrong - before);
  }
  await ended;
  expect(mostVerified).toBeLessThan(40);
  expect(counts.refused).toBeGreaterThan(0);
  expect(counts.wrong + counts.refused).toBe(160);
});

test('an address that floods the log-in delays only itself, and its refusals lock nobody out', async () => {
  const credentials = { username: 'bo', password: 'a password of Bo' };
  // While no other address is active, the flood does not wait for its turns, and fills its share of the queue at once.
  const quietServer = await newChatServer();
  const headers = from('10.0.1.1');
  await callRestOnce(quietServer.url, 'POST', '/api/auth/register', { headers, body: credentials });
  const { counts, ended } = startFlood(quietServer, 60, () => '10.0.1.1');
  await eventually(() => expect(counts.refused).toBeGreaterThan(0));
  const reply = await callRestOnce(quietServer.url, 'POST', '/api/auth/login', {
    headers: from('10.0.1.2'),
    body: credentials,
  });
  expect(reply.status).toBe(200);
  expect(counts.wrong).toBeLessThan(20);
  await ended;
  expect(counts.wrong + counts.refused).toBe(60);
});
