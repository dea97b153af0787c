import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { createRedisMessageLog } from '@parley/message-log';
import { openSqliteStore } from '@parley/message-store';
import type { ClientMessageId, ConversationId, MessageId, UserId } from '@parley/protocol';
import { connectRedis, readConfig, silentLogger } from '@parley/service-kit';
import {
  atFileEnd,
  callRest,
  eventually,
  newRedis,
  newTemporaryDirectory,
  WITHOUT_STORE_DEADLINES,
  withoutCommandDeadline,
} from '@parley/testing';
import { MessageWorkerSettings } from '../src/config.ts';
import { startMessageWorker } from '../src/message-worker.ts';

/** "Within seconds", with an allowance for a busy machine. */
const WITHIN_MS = 15_000;

const logger = silentLogger();
const redis = await newRedis();
const dataDir = await newTemporaryDirectory();
const store = await openSqliteStore({ dataDir, logger, ...WITHOUT_STORE_DEADLINES });
atFileEnd(() => store.close());
const connection = withoutCommandDeadline(
  await connectRedis(redis.url, 'command', { logger, connectionName: 'poison' }),
);
atFileEnd(() => connection.disconnect());
const log = createRedisMessageLog(connection, {
  maxInProcess: 500,
  stored: store.messages,
  sentMessages: store.messages,
});
const worker = await startMessageWorker(
  readConfig(MessageWorkerSettings, {
    NODE_NAME: 'message-worker-1',
    REDIS_URL: redis.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'fatal',
    RECLAIM_AFTER_MS: '1000',
  }),
);
atFileEnd(() => worker.stop());

function inDatabase(sql: string): void {
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { timeout: 30_000 });
  database.exec(sql);
  database.close();
}

async function metric(name: string, labels = ''): Promise<number> {
  const { body } = await callRest<string>(`http://127.0.0.1:${worker.opsPort}`, 'GET', '/metrics');
  return Number(new RegExp(`^${name}\\{[^}]*${labels}[^}]*\\} (\\S+)$`, 'm').exec(body)?.[1]);
}

async function say(conversationId: ConversationId, texts: readonly string[]): Promise<void> {
  const [state] = await log.states([conversationId]);
  await Promise.all(
    texts.map((text) => {
      const id = randomUUID();
      const draft = { id: id as MessageId, senderId: 'ada' as UserId, clientMessageId: id as ClientMessageId };
      const membersVersion = state?.membersVersion ?? '';
      const request = { conversationId, node: 'chat-server-1', membersVersion };
      return log.append({ ...request, draft: { ...draft, kind: 'text', text } });
    }),
  );
}

const newConversationId = () => randomUUID() as ConversationId;
const history = async (id: ConversationId) => (await store.messages.readRange(id, 1, 1_000)).map(({ text }) => text);

test('a message that the store fails for goes to the dead letters within seconds, and delays no other', async () => {
  inDatabase(`CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.text = 'poison' BEGIN SELECT json('{'); END`);
  const [id, other] = [newConversationId(), newConversationId()];
  const texts = Array.from({ length: 40 }, (_, index) => (index === 17 ? 'poison' : `${index}`));
  await say(id, texts);
  await say(other, ['elsewhere']);
  await eventually(async () => expect(await log.countInProcess()).toBe(0), WITHIN_MS);
  expect(await history(id)).toEqual(
    texts.map((text) => (text === 'poison' ? 'This message could not be stored.' : text)),
  );
  expect(await history(other)).toEqual(['elsewhere']);
  expect(await log.states([id, other])).toMatchObject([
    { headSeq: 40, storedSeq: 40 },
    { headSeq: 1, storedSeq: 1 },
  ]);
  const [[, fields] = []] = await redis.client.xrange('parley:{p0}:dead', '-', '+');
  expect(fields).toEqual(expect.arrayContaining([expect.stringContaining('malformed JSON')]));
  expect(fields).toEqual(expect.arrayContaining([expect.stringContaining('"text":"poison"')]));
  expect(await metric('chat_messages_dead_lettered_total')).toBe(1);
  expect(await metric('chat_save_rejections_total')).toBeGreaterThanOrEqual(3);
  inDatabase('DROP TRIGGER poison');
});

test('a field that is nested too deeply for any encoder delays no other message', async () => {
  const id = newConversationId();
  await say(id, ['before']);
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const media = `{"mediaId":"m","contentType":"image/png","bytes":9,"odd":${nested}}`;
  const message = `{"id":"${randomUUID()}","senderId":"ada","clientMessageId":"c","kind":"image","media":${media},"odd":${nested}}`;
  await redis.client
    .multi()
    .hset(`parley:{p0}:conversation:${id}`, { head: 2 })
    .xadd('parley:{p0}:log', '*', ...['conversation', id, 'seq', '2', 'time', '1', 'node', 'n'], 'message', message)
    .exec();
  await say(id, ['after']);
  await eventually(async () => expect(await log.countInProcess()).toBe(0), WITHIN_MS);
  expect(await history(id)).toEqual(['before', undefined, 'after']);
});

test('when the store fails for all messages, they stay in the log until it works again', async () => {
  const id = newConversationId();
  const deadBefore = await redis.client.xlen('parley:{p0}:dead');
  inDatabase('ALTER TABLE messages RENAME TO hidden');
  const errorsBefore = await metric('chat_worker_errors_total', 'loop="save"');
  // A head that is known: the log cannot read the store either.
  const epoch = (await redis.client.get('parley:{p0}:epoch')) ?? '';
  await redis.client.hset(`parley:{p0}:conversation:${id}`, { head: 0, stored: 0, epoch });
  await say(id, ['a', 'b', 'c']);
  await eventually(async () =>
    expect(await metric('chat_worker_errors_total', 'loop="save"')).toBeGreaterThan(errorsBefore + 3),
  );
  expect(await redis.client.xlen('parley:{p0}:dead')).toBe(deadBefore);
  expect(await log.countInProcess()).toBe(3);
  inDatabase('ALTER TABLE hidden RENAME TO messages');
  await eventually(async () => expect(await log.countInProcess()).toBe(0), WITHIN_MS);
  expect(await history(id)).toEqual(['a', 'b', 'c']);
});
