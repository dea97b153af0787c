import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { ClientMessageId, ConversationId, UserId } from '@parley/protocol';
import { createMetrics, silentLogger } from '@parley/service-kit';
import { newLogAndStore } from '../../tests/new-log-and-store.ts';
import { CHAT_SERVER_METRICS } from '../metrics.ts';
import { History } from './history.ts';
import { Membership } from './membership.ts';
import { MessageSender } from './send-message.ts';

const { log, store } = await newLogAndStore();
const logger = silentLogger();
const metrics = createMetrics(CHAT_SERVER_METRICS, 'test');
const membership = new Membership({ conversations: store.conversations, log });
const sender = new MessageSender({ node: 'chat-server-1', log, membership, metrics, logger });
const history = new History({ log, messages: store.messages, membership });

const [ada, bob] = [randomUUID() as UserId, randomUUID() as UserId];
for (const id of [ada, bob]) {
  await store.users.create({ id, username: id, displayName: id, passwordHash: undefined, createdAtMs: 1 });
}

async function newGroup(): Promise<ConversationId> {
  const id = `c_${randomUUID()}` as ConversationId;
  await store.conversations.create({ id, kind: 'group', title: 'Group', createdBy: ada, createdAtMs: 1 }, [ada, bob]);
  return id;
}

const message = (clientMessageId: string = randomUUID()) => ({
  clientMessageId: clientMessageId as ClientMessageId,
  kind: 'text' as const,
  text: 'hello',
});

test('a repeated message gets the reply of the first, marked as a duplicate', async () => {
  const group = await newGroup();
  const repeated = message();
  const first = await sender.send(group, ada, repeated);
  expect(first).toMatchObject({ ok: true, message: { seq: 1 }, duplicate: false });
  expect(await sender.send(group, ada, repeated)).toEqual({ ...first, duplicate: true });
});

test('a member sends after a change of the member list', async () => {
  const group = await newGroup();
  await sender.send(group, ada, message());
  await log.membersChanged(group);
  expect(await sender.send(group, ada, message())).toMatchObject({ message: { seq: 2 } });
});

test('a removed member is refused although the membership is cached', async () => {
  const group = await newGroup();
  await sender.send(group, bob, message());
  await store.conversations.removeMember(group, bob);
  await log.membersChanged(group);
  await expect(sender.send(group, bob, message())).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(await log.states([group])).toMatchObject([{ headSeq: 1 }]);
});

test('a removal whose server dies after the change of the store is effective at once', async () => {
  const group = await newGroup();
  await sender.send(group, bob, message());
  await log.beginRemoval(group, bob);
  await sender.send(group, bob, message());
  await store.conversations.removeMember(group, bob);
  await expect(sender.send(group, bob, message())).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(await sender.send(group, ada, message())).toMatchObject({ message: { seq: 3 } });
});

test('a clientMessageId that was used in another conversation is a conflict', async () => {
  const [here, there] = [await newGroup(), await newGroup()];
  await sender.send(here, ada, message('same'));
  await expect(sender.send(there, ada, message('same'))).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a session is refused after a later session of its user has sent', async () => {
  const group = await newGroup();
  const [earlier, later] = [1_000, 2_000];
  expect(await sender.send(group, ada, message('earlier'), { fence: earlier })).toMatchObject({ message: { seq: 1 } });
  expect(await sender.send(group, ada, message(), { fence: later })).toMatchObject({ message: { seq: 2 } });
  await expect(sender.send(group, ada, message(), { fence: earlier })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  // A repeat is acked, because nothing is appended.
  expect(await sender.send(group, ada, message('earlier'), { fence: earlier })).toMatchObject({ duplicate: true });
  expect(await sender.send(group, ada, message(), { fence: later })).toMatchObject({ message: { seq: 3 } });
  expect(await sender.send(group, bob, message(), { fence: earlier })).toMatchObject({ message: { seq: 4 } });
  expect(await sender.sendSystemMessage(group, ada, 'renamed the group')).toBe('appended');
});

test('requests of non-members do not initialise the head of a conversation', async () => {
  const group = await newGroup();
  const stranger = randomUUID() as UserId;
  const nowhere = 'c_nowhere' as ConversationId;
  for (const [id, code] of [
    [group, 'FORBIDDEN'],
    [nowhere, 'NOT_FOUND'],
  ] as const) {
    await expect(history.readPage(id, stranger, { limit: 1 })).rejects.toMatchObject({ code });
    await expect(sender.send(id, stranger, message())).rejects.toMatchObject({ code });
  }
  expect(await log.knownStates([group, nowhere])).toEqual([undefined, undefined]);
});
