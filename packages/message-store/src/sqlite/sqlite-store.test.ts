import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { newTemporaryDirectory, WITHOUT_STORE_DEADLINES } from '@parley/testing';
import { newConversationId } from '../new-message.ts';
import { storeContract } from '../store.contract.ts';
import { newUser } from '../user-store.contract.ts';
import { openSqliteStore } from './open-sqlite-store.ts';

const dataDir = await newTemporaryDirectory();

describe('the SQLite store', () => {
  storeContract(() => openSqliteStore({ dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES }));
});

test('concurrent writes share a transaction but succeed or fail independently', async () => {
  const store = await openSqliteStore({ dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
  const userId = () => randomUUID() as UserId;
  const record = {
    id: newConversationId(),
    kind: 'direct' as const,
    title: undefined,
    createdBy: userId(),
    createdAtMs: 1,
  };
  const group = { ...record, id: newConversationId(), kind: 'group' as const };
  const member = userId();
  const outcomes = await Promise.allSettled([
    store.conversations.createDirect(record, [userId(), userId()]),
    store.conversations.createDirect(record, [userId(), userId()]),
    store.conversations.create(group, [member]),
    store.conversations.removeMember(group.id, userId()),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(await store.conversations.members(group.id, 10)).toEqual([member]);
  await store.close();
});

test('guests of an earlier release expire from the migration on, and accounts never', async () => {
  const options = { dataDir: await newTemporaryDirectory(), logger: silentLogger(), ...WITHOUT_STORE_DEADLINES };
  const [guest, account] = [newUser({ passwordHash: undefined }), newUser()];
  const before = await openSqliteStore(options);
  for (const user of [guest, account]) await before.users.create(user);
  await before.close();
  const database = new DatabaseSync(join(options.dataDir, 'history.sqlite'));
  database.exec(`
    DROP INDEX guestsBySignIn;
    DROP INDEX listedUsers;
    ALTER TABLE users DROP COLUMN lastSignInAtMs;
    ALTER TABLE users DROP COLUMN expiredAtMs;
    ALTER TABLE conversations DROP COLUMN activeAtMs;
    DELETE FROM migrations WHERE version >= (SELECT version FROM migrations WHERE name = 'guests expire');
  `);
  database.close();

  const startedAtMs = Date.now();
  const store = await openSqliteStore(options);
  const { lastSignInAtMs = 0 } = (await store.users.findById(guest.id)) ?? {};
  expect(lastSignInAtMs).toBeGreaterThan(startedAtMs - 2_000);
  expect(await store.users.findById(account.id)).toEqual(account);
  const expire = (lastSignInBeforeMs: number) =>
    store.users.expireGuests({ lastSignInBeforeMs, expiredAtMs: lastSignInBeforeMs, limit: 10 });
  expect(await expire(lastSignInAtMs)).toBe(0);
  expect(await expire(Date.now() + 1_000)).toBe(1);
  await store.close();
});

test('a new store is empty', async () => {
  const options = { dataDir: await newTemporaryDirectory(), logger: silentLogger(), ...WITHOUT_STORE_DEADLINES };
  const store = await openSqliteStore(options);
  expect(await store.messages.isEmpty()).toBe(true);
  await store.close();
});
