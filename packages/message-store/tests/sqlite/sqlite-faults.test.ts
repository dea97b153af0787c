import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import { newConversationId, newMessage } from '../../src/new-message.ts';
import { openSqliteStore } from '../../src/sqlite/open-sqlite-store.ts';
import { type Store, StoreUnavailable } from '../../src/store.ts';
import { startScript } from './start-script.ts';

const dataDir = await newTemporaryDirectory();
const logger = silentLogger();
let store: Store;

beforeEach(async () => {
  store = await openSqliteStore({ dataDir, logger, busyTimeoutMs: 200, deadlineMs: 500 });
});

afterEach(() => store.close());

test('is unavailable to writers while another process holds the lock, readable meanwhile, and back afterwards', async () => {
  const message = newMessage({});
  await store.messages.saveBatch([message]);
  const late = newMessage({});
  const holder = startScript('./hold-lock.script.ts', join(dataDir, 'history.sqlite'), '1200');
  await eventually(() => expect(holder.lines).toEqual(['locked']));

  const startedAtMs = performance.now();
  const attempts = Array.from({ length: 10 }, () => store.messages.saveBatch([late]));
  for (const attempt of await Promise.allSettled(attempts)) {
    expect(attempt).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
  }
  expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  expect(await store.messages.findById(message.id)).toEqual(message);

  await eventually(async () => expect(await store.messages.saveBatch([late])).toEqual({ rejected: [] }));
  expect(await store.messages.findById(late.id)).toEqual(late);
});

test('fails what a dead thread had to do, and is back with a new thread, each time', async () => {
  const script = startScript('./kill-threads.script.ts', join(dataDir, 'killed-threads'));
  expect(await script.exited).toBe(0);
  const kills = script.lines.map((line) => JSON.parse(line));
  expect(kills).toHaveLength(6);
  for (const kill of kills) {
    expect(kill).toMatchObject({ afterIt: 'unavailable', isBack: true });
    expect(['done', 'unavailable']).toContain(kill.atTheKill);
  }
  expect(kills.filter(({ role }) => role === 'writer')).toHaveLength(3);
});

test('refuses at once what is more than its queue may hold', async () => {
  const conversationId = newConversationId();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 1_200 }, () => store.messages.headSeq(conversationId)),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(200);
  expect(refused[0]).toMatchObject({ reason: expect.any(StoreUnavailable) });
  expect(await store.messages.headSeq(conversationId)).toBe(0);
});

test('does not open what is no database, and says why', async () => {
  const brokenDir = join(dataDir, 'broken');
  await mkdir(brokenDir);
  await writeFile(join(brokenDir, 'history.sqlite'), 'this is no database, whatever its name says'.repeat(100));
  const opening = openSqliteStore({ dataDir: brokenDir, logger, openDeadlineMs: 500 });
  await expect(opening).rejects.toMatchObject({
    name: 'StoreUnavailable',
    cause: expect.objectContaining({ message: expect.stringContaining('not a database') }),
  });
});
