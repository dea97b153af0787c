import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createRedisMessageConsumer } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { type ClientMessageId, LOBBY_ID, type MessageId, type UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { newLogAndStore } from '../../tests/new-log-and-store.ts';
import { ServerChannel } from '../admission/server-channel.ts';
import { ServerRpc } from '../admission/server-rpc.ts';
import { MarkerSaver } from './marker-saver.ts';
import { Membership } from './membership.ts';
import { MessageTargets } from './message-targets.ts';
import { MessageTraces } from './message-traces.ts';
import { ReadMarkers } from './read-markers.ts';

const { connection, log, store } = await newLogAndStore();
const consumer = await createRedisMessageConsumer(
  { command: connection, blocking: connection },
  { consumerName: 'message-worker-1', keepRecent: 0 },
);
const ada = randomUUID() as UserId;

async function append(): Promise<MessageId> {
  const id = randomUUID() as MessageId;
  const clientMessageId = randomUUID() as ClientMessageId;
  const draft = { id, senderId: ada, clientMessageId, kind: 'text' as const, text: 'hello' };
  const outcome = await log.append({ conversationId: LOBBY_ID, draft, node: 'chat-server-1', membersVersion: '' });
  expect(outcome.kind).toBe('appended');
  return id;
}

async function saveAll(): Promise<void> {
  const { entries } = await consumer.read({ maxEntries: 500, blockMs: 0 });
  await store.messages.saveBatch(entries.map(({ message }) => message));
  await consumer.complete(entries);
}

/** The store, but the next message that a reader does not find in it is saved before the reader continues. */
const savedMeanwhile: MessageStore = {
  ...store.messages,
  async findById(id) {
    const found = await store.messages.findById(id);
    if (!found) await saveAll();
    return found;
  },
};

function newTraces(messages: MessageStore): MessageTraces {
  const rpc = new ServerRpc({
    channel: new ServerChannel({ node: 'chat-server-1', command: connection, logger: silentLogger() }),
    methods: { endSession: () => undefined, findDelivery: () => undefined },
  });
  return new MessageTraces({
    log,
    maxInProcess: 500,
    messages,
    conversations: store.conversations,
    membership: new Membership({ conversations: store.conversations, log }),
    readMarkers: new ReadMarkers({
      redis: connection,
      idleMs: 3_600_000,
      store: store.markers,
      saver: new MarkerSaver({ store: store.markers, logger: silentLogger() }),
    }),
    rpc,
  });
}

test('a message that is stored while its trace is read has a trace', async () => {
  const id = await append();
  expect(await newTraces(savedMeanwhile).find(id, ada)).toMatchObject({ id, conversationId: LOBBY_ID });
});

test('a message that is stored while it is looked for can be changed', async () => {
  const id = await append();
  const targets = new MessageTargets({ log, messages: savedMeanwhile });
  expect(await targets.find(LOBBY_ID, id)).toMatchObject({ id, text: 'hello' });
});

test('the trace of an unknown message is not found', async () => {
  await expect(newTraces(store.messages).find('m_unknown' as MessageId, ada)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});
