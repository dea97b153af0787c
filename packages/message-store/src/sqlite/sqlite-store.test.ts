import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { newTemporaryDirectory, WITHOUT_STORE_DEADLINES } from '@parley/testing';
import { newConversationId } from '../new-message.ts';
import { storeContract } from '../store.contract.ts';
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

test('a new store is empty', async () => {
  const options = { dataDir: await newTemporaryDirectory(), logger: silentLogger(), ...WITHOUT_STORE_DEADLINES };
  const store = await openSqliteStore(options);
  expect(await store.messages.isEmpty()).toBe(true);
  await store.close();
});
