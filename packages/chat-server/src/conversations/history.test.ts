import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { ClientMessageId, ConversationId, MessageId, MessageRecord, Seq, UserId } from '@parley/protocol';
import { createMetrics, silentLogger } from '@parley/service-kit';
import { newLogAndStore } from '../../tests/new-log-and-store.ts';
import { CHAT_SERVER_METRICS } from '../metrics.ts';
import { History } from './history.ts';
import { Membership } from './membership.ts';
import { MessageSender } from './send-message.ts';

const { redis, log, store } = await newLogAndStore({ maxInProcess: 4 });
const logger = silentLogger();
const metrics = createMetrics(CHAT_SERVER_METRICS, 'test');
const membership = new Membership({ conversations: store.conversations, log });
const history = new History({ log, messages: store.messages, membership });
const sender = new MessageSender({ node: 'chat-server-1', log, membership, metrics, logger });

const ada = randomUUID() as UserId;
await store.users.create({ id: ada, username: ada, displayName: ada, passwordHash: undefined, createdAtMs: 1 });

async function newGroup(): Promise<ConversationId> {
  const id = `c_${randomUUID()}` as ConversationId;
  await store.conversations.create({ id, kind: 'group', title: 'Group', createdBy: ada, createdAtMs: 1 }, [ada]);
  return id;
}

const newMessage = (conversationId: ConversationId, seq: number): MessageRecord => ({
  id: randomUUID() as MessageId,
  conversationId,
  seq: seq as Seq,
  senderId: ada,
  clientMessageId: randomUUID() as ClientMessageId,
  kind: 'text',
  text: `${seq}`,
  createdAtMs: 1_000 + seq,
});

const save = (id: ConversationId, seqs: readonly number[]) =>
  store.messages.saveBatch(seqs.map((seq) => newMessage(id, seq)));

async function pageOf(id: ConversationId, query: Parameters<typeof history.readPage>[2]): Promise<string[]> {
  const { messages } = await history.readPage(id, ada, query);
  return messages.map(({ seq, kind, senderId, text }) => (kind === 'system' ? `${seq} ${senderId} ${text}` : `${seq}`));
}

test('a page is gap-free where the store lacks messages, also far below the head', async () => {
  const id = await newGroup();
  await save(id, [1, 2, 5, 6, 7, 8, 9, 10, 12]);
  // The initialisation of the head has filled the gap near the end.
  expect(await pageOf(id, { limit: 3 })).toEqual(['10', '11 system undefined', '12']);
  expect(await pageOf(id, { afterSeq: 2, limit: 3 })).toEqual(['3 system undefined', '4 system undefined', '5']);
  expect(await pageOf(id, { beforeSeq: 5, limit: 9 })).toEqual(['1', '2', '3 system undefined', '4 system undefined']);
  const [placeholder] = await store.messages.readRange(id, 3, 3);
  expect(placeholder).toMatchObject({ kind: 'system', senderId: 'system', createdAtMs: 1_002 });
});

test('a page joins messages of the log with stored messages above them', async () => {
  const id = await newGroup();
  for (const text of ['1', '2']) {
    const clientMessageId = randomUUID() as ClientMessageId;
    await sender.send(id, ada, { clientMessageId, kind: 'text', text });
  }
  // Redis lost the messages 3 to 5, of which a worker had saved two.
  await save(id, [3, 5]);
  await redis.client.set('parley:{p0}:run-id', `${'0'.repeat(40)} 1767225600000`);
  expect(await pageOf(id, { limit: 9 })).toEqual(['1', '2', '3', '4 system undefined', '5']);
  expect(await pageOf(id, { beforeSeq: 5, limit: 3 })).toEqual(['2', '3', '4 system undefined']);
  expect(await pageOf(id, { afterSeq: 0, limit: 2 })).toEqual(['1', '2']);
  expect(await history.readPage(id, ada, { limit: 9 })).toMatchObject({ headSeq: 5, hasMore: false });
});
