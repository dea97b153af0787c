import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { openSqliteStore } from '@parley/message-store';
import type { ConversationId, UserId } from '@parley/protocol';
import { createMetrics, LimitExceeded, silentLogger } from '@parley/service-kit';
import { atFileEnd, newTemporaryDirectory } from '@parley/testing';
import { runAs } from '../src/caller.ts';
import { CHAT_SERVER_METRICS } from '../src/metrics.ts';
import { shareStore } from '../src/start/share-store.ts';

const dataDir = await newTemporaryDirectory();
const unshared = await openSqliteStore({ dataDir, logger: silentLogger(), busyTimeoutMs: 60_000, deadlineMs: 60_000 });
atFileEnd(() => unshared.close());
const metrics = createMetrics(CHAT_SERVER_METRICS, 'test');
const store = shareStore(unshared, metrics);

const create = (user: string) => {
  const createdBy = user as UserId;
  const id = `c_${randomUUID()}` as ConversationId;
  const record = { id, kind: 'group' as const, title: 'Group', createdBy, createdAtMs: 1 };
  return runAs(user, () => store.conversations.create(record, [createdBy]));
};

test('a caller cannot fill the queue of the store: the others and the server get their calls done', async () => {
  // While this process holds the lock, no write ends.
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'));
  database.exec('BEGIN IMMEDIATE');
  const flood = Array.from({ length: 1_100 }, () =>
    create('attacker').then(
      () => 'done',
      (error: unknown) => (error instanceof LimitExceeded ? error.reason : String(error)),
    ),
  );
  const calls = [create('ada'), create('bo'), store.refreshTokens.deleteExpired(1)];
  database.close();
  await Promise.all(calls);
  const outcomes = await Promise.all(flood);
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(528);
  expect(outcomes.filter((outcome) => outcome === 'share')).toHaveLength(572);
  expect(await metrics.registry.metrics()).toMatch(/kind="store-write",reason="share"[^}]*} 572/);
});
