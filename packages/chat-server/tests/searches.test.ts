import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { callRestOnce, eventually, newGuest, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const server = await newChatServer();
const [attacker, healthy] = [await newGuest(server.url, 'Attacker'), await newGuest(server.url, 'Healthy')];

const search = (user: TestUser) =>
  callRestOnce<{ code?: string; retryAfterMs?: number }>(server.url, 'GET', '/api/search?q=word', {
    token: user.token,
  });

test('one user has few searches at a time: the others are refused, and searches of others get their turn', async () => {
  // A search first indexes messages that wait for it. This process holds the lock for that, so that no search ends.
  const database = new DatabaseSync(join(server.dataDir, 'history.sqlite'));
  database.exec(`INSERT INTO searchQueue (messageIds) VALUES ('[]')`);
  database.exec('BEGIN IMMEDIATE');
  const outcomes: number[] = [];
  const attack = Array.from({ length: 16 }, async () => {
    const { status, body } = await search(attacker);
    if (status === 429) expect(body).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    outcomes.push(status);
  });
  try {
    await eventually(() => expect(outcomes).toEqual(Array(11).fill(429)), 3_000);
    for (const path of ['/api/me', '/api/conversations']) {
      expect((await callRestOnce(server.url, 'GET', path, { token: healthy.token })).status).toBe(200);
    }
  } finally {
    database.exec('ROLLBACK');
    database.close();
  }
  expect((await search(healthy)).status).toBe(200);
  await Promise.all(attack);
  expect(outcomes.filter((status) => status === 200)).toHaveLength(5);
});
