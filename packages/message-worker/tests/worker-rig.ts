import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { FanOutPublisher } from '@parley/fan-out';
import {
  type CommittedOffset,
  createRedisMessageConsumer,
  createRedisMessageLog,
  type LogBatch,
  type LogEntry,
  type MessageConsumer,
  type MessageLog,
} from '@parley/message-log';
import { type MessageStore, openSqliteStore, type TracedMessage } from '@parley/message-store';
import type { ClientMessageId, ConversationId, MessageId, MessageRecord, UserId } from '@parley/protocol';
import { connectRedis, createMetrics, type RedisConnection, type RedisRole, silentLogger } from '@parley/service-kit';
import {
  atFileEnd,
  eventually,
  newRestorableRedis,
  newTemporaryDirectory,
  type RestorableRedis,
  WITHOUT_STORE_DEADLINES,
  withoutCommandDeadline,
} from '@parley/testing';
import { MESSAGE_WORKER_METRICS, type MessageWorkerMetrics } from '../src/metrics.ts';
import { Publisher } from '../src/publisher.ts';
import { Saver } from '../src/saver.ts';

/** A message worker without its loops: each step is a call of the test. */
export interface TestWorker {
  readonly consumer: MessageConsumer;
  readonly saver: Saver;
  readonly metrics: MessageWorkerMetrics;
  /** The committed offsets that it published. */
  readonly stored: CommittedOffset[];
  /** Reads new entries and keeps them unsaved. */
  read(): Promise<LogEntry[]>;
  /** Reclaims the entries that all workers hold, and keeps them unsaved. */
  reclaim(): Promise<LogEntry[]>;
  /** Saves and completes what it has read. */
  save(): Promise<void>;
}

export interface WorkerRig {
  readonly redis: RestorableRedis;
  readonly store: MessageStore;
  readonly log: MessageLog;
  /** Kills Redis and starts it with the last snapshot. */
  restore(): Promise<void>;
  /** Opens the log of another chat server, with other methods of the store. */
  openLog(stored: Partial<MessageStore>): Promise<MessageLog>;
  worker(name: string): Promise<TestWorker>;
  /** Saves and completes everything that is in the log. */
  drain(): Promise<void>;
  /** Appends texts, each as a message of its own, and returns the seqs. */
  say(conversationId: ConversationId, ...texts: string[]): Promise<number[]>;
  /** Returns the whole history as pages show it: the window above the committed offset, the store below. */
  history(conversationId: ConversationId): Promise<MessageRecord[]>;
}

const logger = silentLogger();

/** Starts a Redis that can lose its newest writes, and a SQLite store. Both end with the test file. */
export async function newWorkerRig(): Promise<WorkerRig> {
  const redis = await newRestorableRedis();
  const connections: RedisConnection[] = [];
  const connect = async (role: RedisRole) => {
    const connection = withoutCommandDeadline(await connectRedis(redis.url, role, { logger, connectionName: role }));
    connections.push(connection);
    return connection;
  };
  atFileEnd(() => {
    for (const connection of connections) connection.disconnect();
  });
  const opened = await openSqliteStore({ dataDir: await newTemporaryDirectory(), logger, ...WITHOUT_STORE_DEADLINES });
  atFileEnd(() => opened.close());
  const store = opened.messages;
  const command = await connect('command');
  const openLog = async (stored: Partial<MessageStore>) =>
    createRedisMessageLog(await connect('command'), {
      maxInProcess: 500,
      stored: { ...store, ...stored },
      sentMessages: store,
    });
  const log = await openLog({});
  const say = async (conversationId: ConversationId, text: string) => {
    const id = randomUUID();
    const draft = {
      id: id as MessageId,
      senderId: 'ada' as UserId,
      clientMessageId: id as ClientMessageId,
      kind: 'text' as const,
      text,
    };
    const [state] = await log.states([conversationId]);
    const membersVersion = state?.membersVersion ?? '';
    const outcome = await log.append({ conversationId, draft, node: 'chat-server-1', membersVersion });
    if (outcome.kind !== 'appended') throw new Error(outcome.kind);
    return outcome.seq as number;
  };

  const newWorker = async (name: string): Promise<TestWorker> => {
    const blocking = await connect('blocking');
    const consumer = await createRedisMessageConsumer({ command, blocking }, { consumerName: name, reclaimAfterMs: 0 });
    const metrics = createMetrics(MESSAGE_WORKER_METRICS, name);
    const publisher = new Publisher(new FanOutPublisher(command), metrics);
    const stored: CommittedOffset[] = [];
    publisher.publishStored = (offsets) => void stored.push(...offsets);
    const saver = new Saver({ name, store, consumer, publisher, metrics, logger });
    const { signal } = new AbortController();
    const hold = async (deliver: () => Promise<LogBatch>) => {
      const { entries } = await eventually(deliver);
      const unsaved = entries.filter((entry) => !saver.has(entry));
      saver.add(unsaved.map((entry) => ({ ...entry, publishedAtMs: Date.now() })));
      return entries;
    };
    return {
      consumer,
      saver,
      metrics,
      stored,
      read: () => hold(() => consumer.read({ maxEntries: 500, blockMs: 0 })),
      reclaim: () => hold(() => consumer.reclaim({ maxEntries: 500 })),
      async save() {
        while (saver.size > 0) await saver.saveNext(signal);
      },
    };
  };

  return {
    redis,
    store,
    log,
    openLog,
    worker: newWorker,
    async restore() {
      await redis.restore();
      await eventually(() => Promise.all(connections.map((connection) => connection.ping())));
    },
    async drain() {
      const worker = await newWorker(randomUUID());
      while ((await log.countInProcess()) > 0) {
        await worker.read();
        await worker.reclaim();
        await worker.save();
      }
    },
    async say(conversationId, ...texts) {
      const seqs = [];
      for (const text of texts) seqs.push(await say(conversationId, text));
      return seqs;
    },
    async history(conversationId) {
      const { state, messages } = await log.readRecent(conversationId, { limit: 1_000 });
      const unstored = messages.filter(({ seq }) => seq > state.storedSeq);
      const stored = await store.readRange(conversationId, 1, state.headSeq);
      const inWindow = new Set(unstored.map(({ seq }) => seq));
      return [...stored.filter(({ seq }) => !inWindow.has(seq)), ...unstored].sort((a, b) => a.seq - b.seq);
    },
  };
}

export const newConversationId = () => randomUUID() as ConversationId;

/** An entry's message as a worker saves it. */
export const traced = ({ message, epoch }: LogEntry): TracedMessage => ({
  ...message,
  trace: { acceptedBy: 'chat-server-1', savedBy: 'late', publishedAtMs: 1, savedAtMs: 2, epoch },
});

/** Each message as its text, or its kind and sender without one. */
export const textsOf = (messages: readonly MessageRecord[]): string[] =>
  messages.map(({ text, kind, senderId }) => text ?? `${kind} of ${senderId}`);

export function expectGapFree(messages: readonly MessageRecord[]): void {
  expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
}

/** Returns the value of a worker's counter. */
export async function counterOf({ metrics }: TestWorker, name: keyof typeof MESSAGE_WORKER_METRICS): Promise<number> {
  const { values = [] } = (await metrics.registry.getSingleMetric(name)?.get()) ?? {};
  return values.reduce((sum, { value }) => sum + value, 0);
}
