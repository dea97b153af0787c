import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { type ConversationId, LOBBY_ID } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { eventually, newTemporaryDirectory, WITHOUT_STORE_DEADLINES } from '@parley/testing';
import { openSqliteStore } from '../../src/sqlite/open-sqlite-store.ts';
import { startScript } from './start-script.ts';

const dataDirs = await Promise.all([newTemporaryDirectory(), newTemporaryDirectory()]);

test('processes that open a new store concurrently create it once, and all their messages are stored', async () => {
  const [dataDir] = dataDirs as [string, string];
  const conversationIds = ['c1', 'c2', 'c3', 'c4'] as ConversationId[];
  const scripts = conversationIds.map((id) => startScript('./save-messages.script.ts', dataDir, '100', id));
  expect(await Promise.all(scripts.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);

  const store = await openSqliteStore({ dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
  for (const id of conversationIds) expect(await store.messages.readRange(id, 1, 1_000)).toHaveLength(100);
  await store.close();
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { readOnly: true });
  const migrations = database.prepare('SELECT version FROM migrations').all();
  expect(migrations).toEqual(migrations.map((_, index) => ({ version: index + 1 })));
  database.close();
});

test('messages that a process saved survive its SIGKILL', async () => {
  const [, dataDir] = dataDirs as [string, string];
  const script = startScript('./save-messages.script.ts', dataDir, '1000000');
  await eventually(() => expect(script.lines.length).toBeGreaterThan(20), 120_000);
  script.kill();
  expect(await script.exited).toBeNull();
  const savedSeq = Number(script.lines.at(-1));

  const store = await openSqliteStore({ dataDir, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
  expect(await store.messages.readRange(LOBBY_ID, 1, savedSeq)).toHaveLength(savedSeq);
  const headSeq = await store.messages.headSeq(LOBBY_ID);
  expect(headSeq % 10).toBe(0);
  expect(await store.messages.readRange(LOBBY_ID, 1, headSeq)).toHaveLength(headSeq);
  await store.close();
});
