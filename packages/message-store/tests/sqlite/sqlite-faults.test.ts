import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import { newConversationId, newMessage } from '../../src/new-message.ts';
import { openSqliteStore } from '../../src/sqlite/open-sqlite-store.ts';
import { type Store, StoreUnavailable } from '../../src/store.ts';
import { startScript } from './start-script.ts';

const dataDir = await newTemporaryDirectory();
const logger = silentLogger();
const BUSY_TIMEOUT_MS = 1_000;
const DEADLINE_MS = 2_000;
/** Allowance for a busy machine. */
const SLACK_MS = 15_000;
let store: Store;

/** Opens the store that is closed after the test. */
async function open(options: { deadlineMs?: number } = {}): Promise<void> {
  store = await openSqliteStore({
    dataDir,
    logger,
    busyTimeoutMs: BUSY_TIMEOUT_MS,
    openDeadlineMs: 60_000,
    ...options,
  });
}

afterEach(() => store.close());

test('while another process holds the lock, writes reject in time and reads succeed; afterwards writes succeed', async () => {
  await open({ deadlineMs: DEADLINE_MS });
  const message = newMessage({});
  await eventually(() => store.messages.saveBatch([message]));
  const late = newMessage({});
  const holder = startScript('./hold-lock.script.ts', join(dataDir, 'history.sqlite'));
  await eventually(() => expect(holder.lines).toEqual(['locked']));

  const startedAtMs = performance.now();
  const attempts = Array.from({ length: 50 }, () => store.messages.saveBatch([late]));
  for (const attempt of await Promise.allSettled(attempts)) {
    expect(attempt).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
  }
  // Sequential attempts would each have waited for the lock.
  expect(performance.now() - startedAtMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
  expect(await eventually(() => store.messages.findById(message.id))).toEqual(message);

  holder.stop();
  expect(await holder.exited).toBe(0);
  await eventually(async () => expect(await store.messages.saveBatch([late])).toEqual({ rejected: [] }));
  expect(await eventually(() => store.messages.findById(late.id))).toEqual(late);
});

test('calls of a dead thread reject, and a new thread replaces it', async () => {
  await open();
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

test('calls beyond the bound of the queue reject at once', async () => {
  await open({ deadlineMs: 60_000 });
  const conversationId = newConversationId();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 1_200 }, () => store.messages.headSeq(conversationId)),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(200);
  expect(refused[0]).toMatchObject({ reason: expect.any(StoreUnavailable) });
  expect(await store.messages.headSeq(conversationId)).toBe(0);
});

test('opening a file that is not a database rejects with the reason', async () => {
  await open();
  const brokenDir = join(dataDir, 'broken');
  await mkdir(brokenDir);
  await writeFile(join(brokenDir, 'history.sqlite'), 'this is not a database, despite its name'.repeat(100));
  const opening = openSqliteStore({ dataDir: brokenDir, logger, openDeadlineMs: 60_000 });
  await expect(opening).rejects.toMatchObject({
    name: 'StoreUnavailable',
    cause: expect.objectContaining({ message: expect.stringContaining('not a database') }),
  });
});
