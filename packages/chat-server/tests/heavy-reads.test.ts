import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSqliteStore, type Store } from '@parley/message-store';
import type { ClientMessageId, ConversationId, MessageId, MessageRecord, Seq, UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import {
  type ChatPeer,
  callRestOnce,
  connectPeer,
  newConversation,
  newGuest,
  type Reply,
  readHistory,
} from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const MIB = 1_048_576;
/** Control characters take six bytes in JSON: these are the largest texts. */
const LARGE = '\u0001'.repeat(4_000);
const MESSAGES = 100;

const server = await newChatServer({ MAX_IN_PROCESS: 100_000, MAX_CLIENTS: 0 });
const attacker = await newGuest(server.url, 'Attacker');
const healthy = await newGuest(server.url, 'Healthy');
const groups: string[] = [];
for (let index = 0; index < 5; index += 1) {
  groups.push(await newConversation(server.url, attacker, { kind: 'group', title: `Group ${index}` }));
}
let peer: ChatPeer;
let store: Store;
beforeAll(async () => {
  store = await openSqliteStore({ dataDir: server.dataDir, logger: silentLogger() });
  peer = await connectPeer(server.url, attacker.token);
  // Without a message worker they stay in Redis.
  for (const group of groups) {
    const sends = Array.from({ length: MESSAGES }, (_, index) => peer.send(group, `${group}-${index}`, LARGE));
    for (const reply of await Promise.all(sends)) expect(reply).toMatchObject({ ok: true });
  }
});
afterAll(async () => {
  peer.close();
  await store.close();
});

interface Page {
  conversationId: string;
  messages: { seq: number }[];
  headSeq: number;
  hasMore: boolean;
  epoch: string;
}
const pagesOf = (reply: Reply) => (reply as unknown as { conversations: Page[] }).conversations;
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const cursorsOf = (ids: readonly string[], afterSeq = 0) => ids.map((conversationId) => ({ conversationId, afterSeq }));

test('a reply to messages:since has at most 1 MiB, and repeated requests return everything', async () => {
  const seen = new Map(groups.map((id) => [id, 0]));
  for (let replies = 0; [...seen.values()].some((seq) => seq < MESSAGES); replies += 1) {
    expect(replies).toBeLessThan(60);
    const cursors = [...seen].map(([conversationId, afterSeq]) => ({ conversationId, afterSeq }));
    const reply = await peer.emit('messages:since', { cursors });
    expect(bytesOf(reply)).toBeLessThanOrEqual(MIB);
    const pages = pagesOf(reply);
    expect(pages.map(({ conversationId }) => conversationId).sort()).toEqual([...groups].sort());
    expect(pages.some(({ messages }) => messages.length > 0)).toBe(true);
    for (const { conversationId, messages, headSeq, hasMore, epoch } of pages) {
      const before = seen.get(conversationId) ?? 0;
      expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => before + index + 1));
      expect({ headSeq, hasMore }).toEqual({ headSeq: MESSAGES, hasMore: before + messages.length < MESSAGES });
      expect(epoch).not.toBe('');
      seen.set(conversationId, before + messages.length);
    }
  }
});

test('messages:since refuses a conversation that is named twice', async () => {
  const [group] = groups as [string];
  expect(await peer.emitOnce('messages:since', { cursors: cursorsOf([group, group]) })).toMatchObject({
    ok: false,
    code: 'INVALID_PAYLOAD',
  });
});

test('a conversation without room keeps its refusal', async () => {
  const stranger = await newConversation(server.url, healthy, { kind: 'group', title: 'Not yours' });
  const reply = await peer.emit('messages:since', { cursors: cursorsOf([...groups, stranger, 'c_unknown']) });
  expect(reply).toMatchObject({
    ok: true,
    refused: expect.arrayContaining([
      expect.objectContaining({ conversationId: stranger, code: 'FORBIDDEN' }),
      expect.objectContaining({ conversationId: 'c_unknown', code: 'NOT_FOUND' }),
    ]),
  });
});

test('a page of history has at most 1 MiB in both directions, and the pages have everything', async () => {
  const [group] = groups as [string];
  const path = `/api/conversations/${group}/messages?limit=200`;
  let before = '';
  const backward: number[] = [];
  for (;;) {
    const { body } = await callRestOnce<Page>(server.url, 'GET', `${path}${before}`, { token: attacker.token });
    expect(bytesOf(body)).toBeLessThanOrEqual(MIB + 1_024);
    backward.unshift(...body.messages.map(({ seq }) => seq));
    if (!body.hasMore) break;
    before = `&before=${backward[0]}`;
  }
  const all = Array.from({ length: MESSAGES }, (_, index) => index + 1);
  expect(backward).toEqual(all);
  expect((await readHistory(server.url, attacker.token, group)).map(({ seq }) => seq)).toEqual(all);
});

test('a page of hits has at most 1 MiB, and the next pages have the rest', async () => {
  const [group] = groups as [string];
  const stored = Array.from(
    { length: 120 },
    (_, index): MessageRecord => ({
      id: `m-${randomUUID()}` as MessageId,
      conversationId: group as ConversationId,
      seq: (10_000 + index) as Seq,
      senderId: attacker.id as UserId,
      clientMessageId: `stored-${index}` as ClientMessageId,
      kind: 'text',
      text: `needle ${LARGE.slice(7)}`,
      createdAtMs: 1_000 + index,
    }),
  );
  await store.messages.saveBatch(stored);
  const found: string[] = [];
  for (let before = ''; ; before = `&before=${found.at(-1)}`) {
    const { status, body } = await callRestOnce<{ messages: { id: string }[]; hasMore: boolean }>(
      server.url,
      'GET',
      `/api/search?q=needle&limit=200${before}`,
      { token: attacker.token },
    );
    expect(status).toBe(200);
    expect(bytesOf(body)).toBeLessThanOrEqual(MIB + 1_024);
    found.push(...body.messages.map(({ id }) => id));
    if (!body.hasMore) break;
  }
  expect(found).toEqual(stored.map(({ id }) => id).reverse());
});

test('many large reads at once do not fill Redis, and do not slow down the reads of others', async () => {
  const healthyPeer = await connectPeer(server.url, healthy.token);
  const usedBytes = async (field: string) =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await server.redis.client.info('memory'))?.[1]);
  const peakBefore = await usedBytes('used_memory_peak');
  // The server ends a connection that does not read its replies fast enough.
  const attack = Promise.allSettled(
    Array.from({ length: 32 }, () => peer.emitOnce('messages:since', { cursors: cursorsOf(groups) })),
  );
  const pages = Array.from({ length: 20 }, () => healthyPeer.emit('messages:since', { cursors: cursorsOf(['lobby']) }));
  for (const reply of await Promise.all(pages)) expect(reply).toMatchObject({ ok: true });
  await attack;
  expect((await usedBytes('used_memory_peak')) - peakBefore).toBeLessThan(64 * MIB);
  healthyPeer.close();
});
