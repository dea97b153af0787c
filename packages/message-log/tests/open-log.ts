import { afterAll, expect } from '@jest/globals';
import type { ClientMessageId, ConversationId, MessageId, UserId } from '@parley/protocol';
import {
  COMMAND_TIMEOUT_MS,
  connectRedis,
  type RedisConnection,
  type RedisRole,
  silentLogger,
} from '@parley/service-kit';
import { eventually, newRedis, withoutCommandDeadline } from '@parley/testing';
import {
  type AppendOutcome,
  type AppendRequest,
  createRedisMessageConsumer,
  createRedisMessageLog,
  type LogBatch,
  type MessageConsumer,
  type MessageDraft,
  type MessageLog,
  type RedisMessageConsumerOptions,
  type RedisMessageLogOptions,
  type SentMessages,
  type StoredHistory,
} from '../src/index.ts';

/**
 * Starts a Redis for one test file, with functions that open logs and consumers on it. Call it at the top level of the file.
 * Everything is closed when the file ends.
 *
 * @param env added to the environment of Redis
 */
export async function newLogs(env: NodeJS.ProcessEnv = {}) {
  const connections: RedisConnection[] = [];
  const consumers: MessageConsumer[] = [];
  afterAll(async () => {
    for (const consumer of consumers) await consumer.close();
    for (const connection of connections) connection.disconnect();
  });
  // After the hook above: hooks run in this order, and connections must close before their Redis stops.
  const redis = await newRedis({ env });

  const connection = async (role: RedisRole) => {
    const opened = await connectRedis(redis.url, role, { logger: silentLogger(), connectionName: 'test' });
    connections.push(opened);
    return withoutCommandDeadline(opened);
  };
  return {
    redis,
    connection,
    /** Reads the clock of Redis. */
    async nowMs() {
      const [seconds, microseconds] = await redis.client.time();
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    },
    /** Restores the command deadline, for a test of a Redis that does not reply. */
    giveDeadlines() {
      for (const { options } of connections) {
        if ('commandTimeout' in options && options.commandTimeout) options.commandTimeout = COMMAND_TIMEOUT_MS;
      }
    },
    /** Waits until a read is blocked in Redis, then closes all connections except the test's own. */
    async cutBlockedRead() {
      await eventually(async () => expect(await redis.client.info('clients')).toContain('blocked_clients:1'));
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    },
    /**
     * @param options.storedHeads the newest stored seq by conversation id, read at each initialisation; others have 0. The tests of
     *   the message worker use a real store.
     */
    async log({
      storedHeads = {},
      ...options
    }: Partial<RedisMessageLogOptions> & { keyPrefix: string; storedHeads?: StoredHeads }): Promise<MessageLog> {
      const stored: StoredHistory = {
        headSeqs: async (ids) => ids.map((id) => storedHeads[id] ?? 0),
        fillGaps: async () => undefined,
      };
      return createRedisMessageLog(await connection('command'), {
        maxInProcess: 500,
        stored,
        sentMessages: NO_SENT_MESSAGES,
        ...options,
      });
    },
    async consumer(options: Partial<RedisMessageConsumerOptions> & { keyPrefix: string }): Promise<MessageConsumer> {
      const pair = { command: await connection('command'), blocking: await connection('blocking') };
      const consumer = await createRedisMessageConsumer(pair, { consumerName: 'worker-1', ...options });
      consumers.push(consumer);
      return consumer;
    },
  };
}

export type StoredHeads = Record<string, number>;

/** The messages of a store that has none. The chat server's tests cover a store with messages (tests/dedupe.test.ts). */
export const NO_SENT_MESSAGES: SentMessages = {
  findSent: async () => [],
  sentSince: async () => [],
  isEmpty: async () => true,
};

export const conversation = (id: string) => id as ConversationId;

let drafts = 0;

export function draft(overrides: { senderId?: string; clientMessageId?: string; text?: string } = {}): MessageDraft {
  drafts += 1;
  return {
    id: `m${drafts}` as MessageId,
    senderId: (overrides.senderId ?? 'ada') as UserId,
    clientMessageId: (overrides.clientMessageId ?? `c${drafts}`) as ClientMessageId,
    kind: 'text',
    text: overrides.text ?? `text ${drafts}`,
  };
}

export const request = (overrides: Partial<AppendRequest> = {}): AppendRequest => ({
  conversationId: conversation('lobby'),
  draft: draft(),
  node: 'chat-server-1',
  membersVersion: '',
  ...overrides,
});

/** Returns the version of a conversation's member list. Every conversation but the lobby has one. */
export const versionOf = async (log: MessageLog, id: ConversationId): Promise<string> =>
  (await log.states([id]))[0]?.membersVersion ?? '';

/**
 * A request for each outcome that does not depend on the limit. The first two are appended, the third repeats the second.
 *
 * @param membersVersion of the den
 */
export function requestsOfEveryKind(den: ConversationId, membersVersion: string): AppendRequest[] {
  const repeated = draft({ clientMessageId: 'twice' });
  return [
    request(),
    request({ conversationId: den, draft: repeated, membersVersion }),
    request({ conversationId: den, draft: repeated, membersVersion }),
    request({ draft: repeated }),
    request({ membersVersion: 'old' }),
  ];
}

export const kindAndSeq = (outcome: AppendOutcome) =>
  'seq' in outcome ? `${outcome.kind} ${outcome.seq}` : outcome.kind;

/** Even a slow machine completes this many concurrent appends well within the command deadline. */
const AT_ONCE = 100;

/** Appends `count` messages to a conversation. */
export async function appendMany(log: MessageLog, id: ConversationId, count: number): Promise<AppendOutcome[]> {
  const outcomes: AppendOutcome[] = [];
  const membersVersion = await versionOf(log, id);
  while (outcomes.length < count) {
    const next = Math.min(AT_ONCE, count - outcomes.length);
    outcomes.push(
      ...(await Promise.all(
        Array.from({ length: next }, () => log.append(request({ conversationId: id, membersVersion }))),
      )),
    );
  }
  return outcomes;
}

/** Reads all new entries. */
export const readAll = (consumer: MessageConsumer): Promise<LogBatch> =>
  consumer.read({ maxEntries: 1_000, blockMs: 0 });

export const seqsOf = (batch: LogBatch): number[] => batch.entries.map(({ message }) => message.seq);
