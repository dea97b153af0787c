import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from '@jest/globals';
import { FanOutPublisher } from '@parley/fan-out';
import { createRedisMessageConsumer, createRedisMessageLog, type MessageConsumer } from '@parley/message-log';
import { openSqliteStore } from '@parley/message-store';
import type { ClientMessageId, ConversationId, MessageId, UserId } from '@parley/protocol';
import { connectRedis, createMetrics, type RedisRole, silentLogger } from '@parley/service-kit';
import { newRedis, newTemporaryDirectory, WITHOUT_STORE_DEADLINES, withoutCommandDeadline } from '@parley/testing';
import { MESSAGE_WORKER_METRICS } from './metrics.ts';
import { Publisher } from './publisher.ts';
import { Saver } from './saver.ts';

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});

const logger = silentLogger();
const server = await newRedis();
const connect = async (role: RedisRole) => {
  const redis = await connectRedis(server.url, role, { logger, connectionName: role });
  closers.push(() => redis.disconnect());
  return withoutCommandDeadline(redis);
};
const command = await connect('command');
const noDeadline = await connect('no-deadline');
const store = await openSqliteStore({ dataDir: await newTemporaryDirectory(), logger, ...WITHOUT_STORE_DEADLINES });
closers.unshift(() => store.close());
const closedStore = await openSqliteStore({
  dataDir: await newTemporaryDirectory(),
  logger,
  ...WITHOUT_STORE_DEADLINES,
});
const log = createRedisMessageLog(command, {
  maxInProcess: 500,
  stored: store.messages,
  sentMessages: store.messages,
});
const metrics = createMetrics(MESSAGE_WORKER_METRICS, 'test');
const { signal } = new AbortController();

const parts = (consumer: MessageConsumer) => ({
  name: 'message-worker-1',
  store: store.messages,
  consumer,
  publisher: new Publisher(new FanOutPublisher(noDeadline), metrics),
  metrics,
  logger,
});

async function newSaver(): Promise<{ consumer: MessageConsumer; saver: Saver; conversationId: ConversationId }> {
  const consumer = await createRedisMessageConsumer(
    { command, blocking: await connect('blocking') },
    { consumerName: randomUUID(), reclaimAfterMs: 200 },
  );
  const saver = new Saver(parts(consumer));
  const conversationId = randomUUID() as ConversationId;
  return { consumer, saver, conversationId };
}

async function append(conversationId: ConversationId, text: string): Promise<void> {
  const draft = {
    id: randomUUID() as MessageId,
    senderId: 'u1' as UserId,
    clientMessageId: randomUUID() as ClientMessageId,
    kind: 'text' as const,
    text,
  };
  const [state] = await log.states([conversationId]);
  const membersVersion = state?.membersVersion ?? '';
  const outcome = await log.append({ conversationId, draft, node: 'test', membersVersion });
  expect(outcome.kind).toBe('appended');
}

const readAll = async (consumer: MessageConsumer) => {
  const { entries } = await consumer.read({ maxEntries: 500, blockMs: 100 });
  return { entries: entries.map((entry) => ({ ...entry, publishedAtMs: Date.now() })) };
};
const texts = async (conversationId: ConversationId) =>
  (await store.messages.readRange(conversationId, 1, 100)).map(({ kind, text }) => `${kind}: ${text}`);

test('entries are saved in one batch and removed from the log', async () => {
  const { consumer, saver, conversationId } = await newSaver();
  for (const text of ['a', 'b', 'c']) await append(conversationId, text);
  saver.add((await readAll(consumer)).entries);
  await saver.saveNext(signal);
  expect(saver.size).toBe(0);
  expect(await log.countInProcess()).toBe(0);
  expect(await texts(conversationId)).toEqual(['text: a', 'text: b', 'text: c']);
  const [first] = await store.messages.readRange(conversationId, 1, 1);
  const traced = first && (await store.messages.findById(first.id));
  expect(traced?.trace).toMatchObject({ acceptedBy: 'test', savedBy: 'message-worker-1' });
});

test('a message that the store rejects three times goes to the dead letters, without delaying the others', async () => {
  const { consumer, saver, conversationId } = await newSaver();
  for (const text of ['good', 'bad', 'fine']) await append(conversationId, text);
  const { entries } = await readAll(consumer);
  const deadBefore = await consumer.countDeadLetters();
  // Every store rejects an unknown kind.
  saver.add(
    entries.map((entry) =>
      entry.message.text === 'bad' ? { ...entry, message: { ...entry.message, kind: 'nonsense' as 'text' } } : entry,
    ),
  );
  await saver.saveNext(signal);
  expect(saver.size).toBe(1);
  await saver.saveNext(signal);
  await saver.saveNext(signal);
  expect(saver.size).toBe(0);
  expect(await consumer.countDeadLetters()).toBe(deadBefore + 1);
  expect(await log.countInProcess()).toBe(0);
  expect(await texts(conversationId)).toEqual([
    'text: good',
    'system: This message could not be stored.',
    'text: fine',
  ]);
  const [state] = await log.states([conversationId]);
  expect(state).toMatchObject({ headSeq: 3, storedSeq: 3 });
});

test('a message delivered more than twenty times goes to the dead letters, one delivered more than three times is saved alone', async () => {
  const { consumer, saver, conversationId } = await newSaver();
  for (const text of ['deadly', 'suspect', 'harmless']) await append(conversationId, text);
  const { entries } = await readAll(consumer);
  const deliveries = new Map([
    ['deadly', 21],
    ['suspect', 5],
    ['harmless', 1],
  ]);
  const deadBefore = await consumer.countDeadLetters();
  saver.add(entries.map((entry) => ({ ...entry, deliveries: deliveries.get(entry.message.text ?? '') ?? 1 })));
  await saver.saveNext(signal);
  expect(await consumer.countDeadLetters()).toBe(deadBefore + 1);
  expect(saver.size).toBe(2);
  await saver.saveNext(signal);
  expect(await texts(conversationId)).toEqual(['system: This message could not be stored.', 'text: suspect']);
  await saver.saveNext(signal);
  expect(await texts(conversationId)).toHaveLength(3);
});

test('while the store is unavailable entries stay in the log, and are saved when it is back', async () => {
  const { consumer, saver, conversationId } = await newSaver();
  await append(conversationId, 'delayed');
  const { entries } = await readAll(consumer);
  await closedStore.close();
  const withoutStore = new Saver({ ...parts(consumer), store: closedStore.messages });
  withoutStore.add(entries);
  for (let tries = 0; tries < 5; tries += 1) await expect(withoutStore.saveNext(signal)).rejects.toThrow();
  expect(withoutStore.size).toBe(1);
  expect(await log.countInProcess()).toBe(1);
  saver.add(entries);
  await saver.saveNext(signal);
  expect(await texts(conversationId)).toEqual(['text: delayed']);
});
