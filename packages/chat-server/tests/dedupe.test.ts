// Above 300 lines: all tests are about what is recognised as a repeat, and share one set of servers and helpers.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  type AppendOutcome,
  type AppendRequest,
  createRedisMessageConsumer,
  createRedisMessageLog,
  type MessageDraft,
  type MessageLog,
  type RedisMessageLogOptions,
} from '@parley/message-log';
import { openSqliteStore, type Store } from '@parley/message-store';
import type { ClientMessageId, ConversationId, MessageId, MessageRecord, Seq, UserId } from '@parley/protocol';
import { connectRedis, type RedisRole, silentLogger } from '@parley/service-kit';
import {
  eventually,
  freePort,
  newRedis,
  newTemporaryDirectory,
  startServer,
  WITHOUT_STORE_DEADLINES,
  withoutCommandDeadline,
} from '@parley/testing';
import { Redis } from 'ioredis';

// A clientMessageId is accepted once within 24 hours, whatever Redis lost: the log, a real Redis and a real store together.

const HOUR_MS = 3_600_000;
const logger = silentLogger();
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});
const shared = await newRedis();

const ada = 'ada' as UserId;
const lobby = 'lobby' as ConversationId;
const elsewhere = 'c_elsewhere' as ConversationId;

interface Chat {
  readonly log: MessageLog;
  readonly store: Store;
  /** The questions that the store was asked. */
  readonly asked: string[];
  key(name: string): string;
  /** Does what a worker does: saves and completes what is in process, or only the message of one seq. */
  save(options?: { onlySeq: number }): Promise<void>;
  send(message: Partial<MessageDraft> & { to?: ConversationId }): Promise<AppendOutcome>;
  /** Does what a worker does near the memory limit. @returns how many dedupe entries of stored messages it deleted */
  freeUses(): Promise<number>;
  /** Ends the young epoch, as 24 hours do. */
  grow(): Promise<void>;
}

async function newChat(options: Partial<RedisMessageLogOptions> & { url?: string; store?: Store } = {}): Promise<Chat> {
  const { url = shared.url, keyPrefix = randomUUID(), ...logOptions } = options;
  const connect = async (role: RedisRole) => {
    const redis = await connectRedis(url, role, { logger, connectionName: 'dedupe' });
    closers.push(() => redis.disconnect());
    return withoutCommandDeadline(redis);
  };
  const [command, blocking, dataDir] = await Promise.all([
    connect('command'),
    connect('blocking'),
    newTemporaryDirectory(),
  ]);
  const store = options.store ?? (await openSqliteStore({ dataDir, logger, ...WITHOUT_STORE_DEADLINES }));
  closers.push(() => store.close());
  const asked: string[] = [];
  const log = createRedisMessageLog(command, {
    maxInProcess: 500,
    keyPrefix,
    stored: store.messages,
    sentMessages: store.messages,
    onStoreAsked: (about) => asked.push(about),
    ...logOptions,
  });
  const key = (name: string) => `${keyPrefix}:{p0}:${name}`;
  return {
    log,
    store,
    asked,
    key,
    async save({ onlySeq } = { onlySeq: 0 }) {
      const consumer = await createRedisMessageConsumer({ command, blocking }, { consumerName: 'worker', keyPrefix });
      const batch = await consumer.read({ maxEntries: 500, blockMs: 0 });
      const entries = batch.entries.filter(({ message }) => onlySeq === 0 || message.seq === onlySeq);
      await store.messages.saveBatch(entries.map(({ message }) => message));
      await consumer.complete(entries);
      await consumer.close();
    },
    send: ({ to = lobby, ...message }) => log.append(request(to, message)),
    async freeUses() {
      const consumer = await createRedisMessageConsumer({ command, blocking }, { consumerName: 'worker', keyPrefix });
      const deleted = await consumer.deleteStoredUses(new AbortController().signal);
      await consumer.close();
      return deleted;
    },
    async grow() {
      await command.hset(key('dedupe'), 'sinceMs', 0);
    },
  };
}

const request = (conversationId: ConversationId, message: Partial<MessageDraft>): AppendRequest => ({
  conversationId,
  draft: {
    id: randomUUID() as MessageId,
    senderId: ada,
    clientMessageId: randomUUID() as ClientMessageId,
    kind: 'text',
    text: 'hello',
    ...message,
  },
  node: 'chat-server-1',
  membersVersion: '',
});

const clientMessageId = (id: string) => id as ClientMessageId;
const used = { clientMessageId: clientMessageId('used') };

/** Sends the message again, and others under its id. None of them may be appended. */
async function expectRecognised(chat: Chat, first: AppendOutcome): Promise<void> {
  const seq = first.kind === 'appended' || first.kind === 'duplicate' ? first.seq : undefined;
  expect(await chat.send(used)).toMatchObject({ kind: 'duplicate', seq });
  for (const other of [
    { text: 'something else' },
    { kind: 'edit' as const, replyTo: 'm-target' as MessageId },
    { kind: 'delete' as const, replyTo: 'm-target' as MessageId, text: undefined },
    { kind: 'system' as const },
    { to: elsewhere },
  ]) {
    expect(await chat.send({ ...used, ...other })).toEqual({ kind: 'conflict' });
  }
  expect(await chat.log.countInProcess()).toBe(0);
  expect(await chat.send({})).toMatchObject({ kind: 'appended' });
}

describe('a clientMessageId whose message is stored is recognised', () => {
  test.each([
    ['in a young epoch', async () => undefined],
    ['in an old epoch', (chat: Chat) => chat.grow()],
  ])('after its exact entry was deleted, %s', async (_, prepare) => {
    const chat = await newChat();
    const first = await chat.send(used);
    await chat.save();
    await prepare(chat);
    expect(await shared.client.del(chat.key('sent:ada:used'))).toBe(1);
    await expectRecognised(chat, first);
  });

  test('within 24 hours, after its exact entry has expired', async () => {
    const chat = await newChat({ dedupeExactMs: 1 });
    const first = await chat.send(used);
    await chat.save();
    await eventually(async () => expect(await shared.client.exists(chat.key('sent:ada:used'))).toBe(0));
    await expectRecognised(chat, first);
  });

  test('after all data of Redis was deleted', async () => {
    const chat = await newChat();
    await chat.send({});
    const first = await chat.send(used);
    await chat.save();
    await shared.client.flushall();
    await expectRecognised(chat, first);
  });

  test('after the dedupe state of Redis was deleted', async () => {
    const chat = await newChat();
    const first = await chat.send(used);
    await chat.save();
    await shared.client.del(chat.key('dedupe'), chat.key('sent:ada:used'));
    await expectRecognised(chat, first);
  });

  test('after its message was deleted: the content is gone, so any content of that event counts as a repeat', async () => {
    const chat = await newChat();
    const first = await chat.send({ ...used, id: 'm-deleted' as MessageId });
    await chat.send({ kind: 'delete', replyTo: 'm-deleted' as MessageId, text: undefined });
    await chat.save();
    await shared.client.del(chat.key('sent:ada:used'));
    const { seq } = first as { seq: Seq };
    expect(await chat.send(used)).toMatchObject({ kind: 'duplicate', seq });
    expect(await chat.send({ ...used, kind: 'edit', replyTo: 'm-target' as MessageId })).toEqual({ kind: 'conflict' });
  });

  test.each([1, 2])('%i filter periods later', async (periods) => {
    const chat = await newChat({ dedupeExactMs: 1 });
    const first = await chat.send(used);
    await chat.save();
    await chat.grow();
    await age(chat, periods);
    await expectRecognised(chat, first);
  });
});

test('a message that was stored out of order, above the committed offset, is recognised', async () => {
  const chat = await newChat();
  await chat.send({});
  const first = await chat.send(used);
  await chat.save({ onlySeq: 2 });
  expect(await chat.log.states([lobby])).toMatchObject([{ headSeq: 2, storedSeq: 0 }]);
  // As after a loss of the newest writes, which the store had: Redis knows only from the store that seq 2 is in use.
  await shared.client.xdel(chat.key('recent:lobby'), '2-0');
  await shared.client.del(chat.key('sent:ada:used'));
  expect(await chat.send(used)).toMatchObject({ kind: 'duplicate', seq: first.kind === 'appended' ? first.seq : 0 });
  expect(await chat.send({ ...used, text: 'something else' })).toEqual({ kind: 'conflict' });
  expect(await chat.send({})).toMatchObject({ kind: 'appended', seq: 3 });
});

/** Makes the filters of a chat older, as if the periods had passed. */
async function age(chat: Chat, periods: number): Promise<void> {
  const current = Number(await shared.client.hget(chat.key('dedupe'), 'period'));
  const filter = (period: number) => chat.key(`filter:${period % 3}`);
  await shared.client.rename(filter(current), chat.key('aged'));
  const bits = (period: number) => `bits${period % 3}`;
  const size = (await shared.client.hget(chat.key('dedupe'), bits(current))) ?? '';
  await shared.client.hdel(chat.key('dedupe'), bits(current));
  await shared.client.hset(chat.key('dedupe'), 'period', current - periods, bits(current - periods), size);
  await shared.client.rename(chat.key('aged'), filter(current - periods));
}

describe('a clientMessageId is not recognised', () => {
  test('when its message is older than 24 hours', async () => {
    const chat = await newChat();
    const time = Date.now() - 25 * HOUR_MS;
    await chat.store.messages.saveBatch([stored({ ...used, seq: 1 as Seq, createdAtMs: time })]);
    expect(await chat.send({ ...used, text: 'again' })).toMatchObject({ kind: 'appended', seq: 2 });
  });

  test('when no filter has it any more', async () => {
    const chat = await newChat({ dedupeExactMs: 1 });
    await chat.send(used);
    await chat.save();
    await chat.grow();
    await age(chat, 3);
    expect(await chat.send(used)).toMatchObject({ kind: 'appended', seq: 2 });
    expect(chat.asked).toEqual([]);
    expect(await shared.client.exists(chat.key('filter:0'), chat.key('filter:1'), chat.key('filter:2'))).toBe(1);
  });

  test('when Redis lost the message before it was stored', async () => {
    const chat = await newChat();
    await chat.send({});
    await chat.save();
    await chat.send(used);
    await shared.client.flushall();
    expect(await chat.send(used)).toMatchObject({ kind: 'appended', seq: 2 });
  });

  test('when a worker saved its message after the epoch ended, above the head of the conversation', async () => {
    const chat = await newChat();
    await chat.send({});
    await chat.save();
    await shared.client.flushall();
    expect(await chat.send({})).toMatchObject({ kind: 'appended', seq: 2 });
    await chat.store.messages.saveBatch([stored({ ...used, seq: 3 as Seq })]);
    await setFilters(chat, 0xff);
    expect(await chat.send(used)).toMatchObject({ kind: 'appended', seq: 3 });
  });
});

const stored = (fields: Partial<MessageRecord>): MessageRecord => ({
  ...request(lobby, {}).draft,
  conversationId: lobby,
  seq: 1 as Seq,
  createdAtMs: Date.now(),
  ...fields,
});

/** Sets the bits of the current filter. With 0xff it seems to contain every message. */
async function setFilters(chat: Chat, byte: number): Promise<void> {
  const state = await shared.client.hgetall(chat.key('dedupe'));
  const slot = Number(state.period) % 3;
  await shared.client.set(chat.key(`filter:${slot}`), Buffer.alloc(Number(state[`bits${slot}`]) / 8, byte));
}

test('a message that is not stored yet is recognised without its exact entry', async () => {
  const chat = await newChat();
  const first = await chat.send(used);
  await shared.client.del(chat.key('sent:ada:used'));
  expect(await chat.send(used)).toEqual({ ...first, kind: 'duplicate', id: expect.any(String) });
  expect(await chat.send({ ...used, text: 'something else' })).toEqual({ kind: 'conflict' });
  expect(await chat.log.countInProcess()).toBe(1);
});

test('concurrent attempts of one message append it once, while its sender is loaded', async () => {
  const chat = await newChat();
  await chat.store.messages.saveBatch([stored({})]);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => chat.send(used)));
  expect(outcomes.filter(({ kind }) => kind === 'appended')).toHaveLength(1);
  expect(outcomes.filter(({ kind }) => kind === 'duplicate')).toHaveLength(19);
});

test('while the store is empty nothing is asked about senders and messages', async () => {
  const chat = await newChat();
  for (let i = 0; i < 5; i += 1) {
    await chat.send({ senderId: `user-${i}` as UserId });
    await chat.send({ to: elsewhere });
  }
  expect(chat.asked).toEqual([]);
});

test('in a young epoch the store is asked once about each sender, and not about each message', async () => {
  const chat = await newChat();
  await chat.store.messages.saveBatch([stored({ senderId: 'bob' as UserId })]);
  for (let i = 0; i < 3; i += 1) {
    await Promise.all(['ada', 'bob'].map((sender) => chat.send({ senderId: sender as UserId })));
  }
  expect(chat.asked).toEqual(['sender', 'sender']);
});

test('in an old epoch the store is not asked about new messages', async () => {
  const chat = await newChat();
  await chat.store.messages.saveBatch([stored({})]);
  await chat.log.states([lobby]);
  await chat.send({ senderId: 'bob' as UserId });
  await chat.grow();
  chat.asked.length = 0;
  for (let i = 0; i < 5; i += 1) expect((await chat.send({})).kind).toBe('appended');
  expect(chat.asked).toEqual([]);
});

test('a new message that the filters seem to contain is appended after one question', async () => {
  const chat = await newChat({ dedupeFilterBytes: 1_024 });
  await chat.send({});
  await setFilters(chat, 0xff);
  expect(await chat.send(used)).toMatchObject({ kind: 'appended', seq: 2 });
  expect(chat.asked).toEqual(['message']);
});

test('a sender with too many messages is not loaded: the store is asked about each message', async () => {
  const chat = await newChat();
  const many = Array.from({ length: 10_001 }, (_, index) => stored({ seq: (index + 1) as Seq }));
  await chat.store.messages.saveBatch(many);
  const old = many.at(7) as MessageRecord;
  const { clientMessageId: id, text = '' } = old;
  expect(await chat.send({ clientMessageId: id, text })).toMatchObject({ kind: 'duplicate', seq: 8 });
  expect(await chat.send({})).toMatchObject({ kind: 'appended', seq: 10_002 });
  expect(chat.asked).toEqual(['sender', 'message', 'message']);
});

test('a sender with thousands of messages is loaded in several calls', async () => {
  const chat = await newChat();
  const many = Array.from({ length: 2_500 }, (_, index) => stored({ seq: (index + 1) as Seq }));
  await chat.store.messages.saveBatch(many);
  for (const { clientMessageId: id, seq } of [many[0], many[1_000], many[2_499]] as MessageRecord[]) {
    expect(await chat.send({ clientMessageId: id })).toMatchObject({ kind: 'duplicate', seq });
  }
  expect(await chat.send({})).toMatchObject({ kind: 'appended' });
  expect(chat.asked.filter((about) => about === 'sender')).toHaveLength(1);
});

test('a message that a worker saved late counts in a conversation that is initialised after that', async () => {
  const chat = await newChat();
  await chat.store.messages.saveBatch([stored({ conversationId: elsewhere })]);
  // The sender is loaded here.
  await chat.send({ to: elsewhere });
  await chat.store.messages.saveBatch([stored({ ...used })]);
  expect(await chat.send(used)).toMatchObject({ kind: 'duplicate', seq: 1 });
  expect(await chat.send({ ...used, text: 'something else' })).toEqual({ kind: 'conflict' });
});

test('a change of the size of the filters loses nothing', async () => {
  const keyPrefix = randomUUID();
  const before = await newChat({ keyPrefix, dedupeExactMs: 1, dedupeFilterBytes: 1_024 });
  const first = await before.send(used);
  await before.save();
  await before.grow();
  const after = await newChat({ keyPrefix, store: before.store, dedupeExactMs: 1, dedupeFilterBytes: 65_536 });
  await expectRecognised(after, first);
});

test('the store must be available only when it is asked', async () => {
  const store = await newChat();
  const chat = await newChat({
    store: store.store,
    sentMessages: {
      isEmpty: async () => false,
      findSent: () => Promise.reject(new Error('the store is unavailable')),
      sentSince: async () => [],
    },
  });
  expect(await chat.send(used)).toMatchObject({ kind: 'appended' });
  expect(await chat.send(used)).toMatchObject({ kind: 'duplicate' });
  await chat.save();
  await shared.client.del(chat.key('sent:ada:used'));
  await expect(chat.send(used)).rejects.toThrow('the store is unavailable');
  expect(await chat.send({})).toMatchObject({ kind: 'appended' });
});

test('after a restart that lost the tail of the append-only file, stored messages are recognised and lost ones are not', async () => {
  const [dir, port] = [await newTemporaryDirectory(), await freePort()];
  const admin = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  admin.on('error', () => undefined);
  closers.push(() => admin.disconnect());
  const start = () =>
    startServer({
      command: 'redis-server',
      args: () =>
        Object.entries({ port, dir, bind: '127.0.0.1', save: '', appendonly: 'yes', appendfsync: 'always' }).flatMap(
          ([name, value]) => [`--${name}`, String(value)],
        ),
      ping: () => admin.ping(),
    });
  const server = await start();
  const chat = await newChat({ url: `redis://127.0.0.1:${port}` });
  await chat.send({});
  await chat.save();
  const file = await aofOf(dir);
  const { size } = await stat(file);
  const kept = await chat.send(used);
  await chat.save();
  await chat.send({ clientMessageId: clientMessageId('lost') });

  server.process.kill('SIGKILL');
  await once(server.process, 'exit');
  await truncate(file, size);
  await start();

  await eventually(async () =>
    expect(await chat.send(used)).toEqual({ ...kept, kind: 'duplicate', id: expect.any(String) }),
  );
  await expectRecognised(chat, kept);
  const lost = { clientMessageId: clientMessageId('lost') };
  expect(await chat.send(lost)).toMatchObject({ kind: 'appended', seq: 4 });
  expect(await chat.send(lost)).toMatchObject({ kind: 'duplicate', seq: 4 });
});

async function aofOf(dir: string): Promise<string> {
  const parts = await readdir(join(dir, 'appendonlydir'));
  return join(dir, 'appendonlydir', parts.find((name) => name.endsWith('.incr.aof')) ?? '');
}

test('a clientMessageId is recognised after a worker deleted the entries of stored messages near the memory limit', async () => {
  const chat = await newChat();
  const first = await chat.send(used);
  await chat.save();
  expect(await chat.freeUses()).toBe(1);
  await expectRecognised(chat, first);
});
