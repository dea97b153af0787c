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
  type AcceptOutcome,
  type AcceptRequest,
  createRedisMessageConsumer,
  createRedisMessageLog,
  type LogBatch,
  type MessageConsumer,
  type MessageDraft,
  type MessageLog,
  type RedisMessageConsumerOptions,
  type RedisMessageLogOptions,
} from '../src/index.ts';

/**
 * Starts a Redis of its own for one test file, called at its top level, with a way to open logs and consumers on it. All of
 * it ends with the file.
 */
export async function newLogs() {
  const connections: RedisConnection[] = [];
  const consumers: MessageConsumer[] = [];
  afterAll(async () => {
    for (const consumer of consumers) await consumer.close();
    for (const connection of connections) connection.disconnect();
  });
  // After the hook above: they run in this order, and connections should end before their Redis does.
  const redis = await newRedis();

  const connection = async (role: RedisRole) => {
    const opened = await connectRedis(redis.url, role, { logger: silentLogger(), connectionName: 'test' });
    connections.push(opened);
    return withoutCommandDeadline(opened);
  };
  return {
    redis,
    connection,
    /** The clock of Redis. */
    async nowMs() {
      const [seconds, microseconds] = await redis.client.time();
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    },
    /** Gives commands their deadline from here on, for a test of a Redis that does not answer. */
    giveDeadlines() {
      for (const { options } of connections) {
        if ('commandTimeout' in options && options.commandTimeout) options.commandTimeout = COMMAND_TIMEOUT_MS;
      }
    },
    /** Waits until a read is blocked in Redis, then cuts all connections but the test's own. */
    async cutBlockedRead() {
      await eventually(async () => expect(await redis.client.info('clients')).toContain('blocked_clients:1'));
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    },
    async log(options: Partial<RedisMessageLogOptions> & { keyPrefix: string }): Promise<MessageLog> {
      return createRedisMessageLog(await connection('command'), { maxInProcess: 500, ...options });
    },
    async consumer(options: Partial<RedisMessageConsumerOptions> & { keyPrefix: string }): Promise<MessageConsumer> {
      const pair = { command: await connection('command'), blocking: await connection('blocking') };
      const consumer = await createRedisMessageConsumer(pair, { consumerName: 'worker-1', ...options });
      consumers.push(consumer);
      return consumer;
    },
  };
}

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

export const request = (overrides: Partial<AcceptRequest> = {}): AcceptRequest => ({
  conversationId: conversation('lobby'),
  draft: draft(),
  node: 'chat-server-1',
  membersVersion: '',
  ...overrides,
});

/** A request for each answer that does not depend on the limit: the first two are accepted, the fourth repeats the second. */
export function requestsOfEveryKind(den: ConversationId): AcceptRequest[] {
  const repeated = draft({ clientMessageId: 'twice' });
  return [
    request(),
    request({ conversationId: den, draft: repeated }),
    request({ conversationId: conversation('unseeded') }),
    request({ conversationId: den, draft: repeated }),
    request({ draft: repeated }),
    request({ membersVersion: 'old' }),
  ];
}

export const kindAndSeq = (outcome: AcceptOutcome) =>
  'seq' in outcome ? `${outcome.kind} ${outcome.seq}` : outcome.kind;

/** So many at once are answered well within a command's deadline, also by a slow machine. */
const AT_ONCE = 100;

/** Seeds a conversation with 0 and accepts so many messages. */
export async function acceptMany(log: MessageLog, id: ConversationId, count: number): Promise<AcceptOutcome[]> {
  await log.seed(id, 0);
  const outcomes: AcceptOutcome[] = [];
  while (outcomes.length < count) {
    const next = Math.min(AT_ONCE, count - outcomes.length);
    outcomes.push(
      ...(await Promise.all(Array.from({ length: next }, () => log.accept(request({ conversationId: id }))))),
    );
  }
  return outcomes;
}

/** Everything that is new now. */
export const readAll = (consumer: MessageConsumer): Promise<LogBatch> =>
  consumer.read({ maxEntries: 1_000, blockMs: 0 });

export const seqsOf = (batch: LogBatch): number[] => batch.entries.map(({ message }) => message.seq);
