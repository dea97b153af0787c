import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSqliteStore, type Store } from '@parley/message-store';
import type { ConversationId, UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { callRest, callRestOnce, connectPeer, newConversation, newGuest, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

const GROUPS = 1_001;

const server = await newChatServer({ MAX_MEMBERSHIPS: 0 });
const [victim, friend, healthy] = [
  await newGuest(server.url, 'Victim'),
  await newGuest(server.url, 'Friend'),
  await newGuest(server.url, 'Healthy'),
];
let store: Store;
beforeAll(async () => {
  store = await openSqliteStore({ dataDir: server.dataDir, logger: silentLogger() });
  await putIntoGroups([victim], GROUPS);
});
afterAll(() => store.close());

const newId = () => `c_${randomUUID()}` as ConversationId;

/** Does in the store what members do by adding users to groups. */
async function putIntoGroups(users: readonly TestUser[], groups: number): Promise<void> {
  const memberIds = users.map(({ id }) => id as UserId);
  for (let first = 0; first < groups; first += 500) {
    const titles = Array.from({ length: Math.min(500, groups - first) }, (_, index) => `Group ${first + index}`);
    await Promise.all(
      titles.map((title) =>
        store.conversations.create(
          { id: newId(), kind: 'group', title, createdBy: memberIds[0] as UserId, createdAtMs: 1_000 },
          memberIds,
        ),
      ),
    );
  }
}

interface Page {
  conversations: { id: string; title: string | null; members: { id: string }[] }[];
  nextCursor: string | null;
}

const list = (user: TestUser, query = '') =>
  callRestOnce<Page>(server.url, 'GET', `/api/conversations${query}`, { token: user.token });

test('a user whom others put into a thousand groups can list all of them, page by page', async () => {
  const ids: string[] = [];
  const sizes: number[] = [];
  let cursor: string | null = null;
  do {
    const { status, body }: { status: number; body: Page } = await list(victim, cursor ? `?cursor=${cursor}` : '');
    expect(status).toBe(200);
    for (const { id, members } of body.conversations) {
      ids.push(id);
      if (id !== 'lobby') expect(members).toEqual([expect.objectContaining({ id: victim.id })]);
    }
    sizes.push(body.conversations.length);
    cursor = body.nextCursor;
  } while (cursor);
  expect(ids[0]).toBe('lobby');
  expect(new Set(ids).size).toBe(GROUPS + 1);
  expect(sizes).toEqual([200, 200, 200, 200, 200, 2]);
});

test('the list has the newest activity first, and limits and cursors are checked', async () => {
  const [quiet, busy] = [
    await newConversation(server.url, friend, { kind: 'group', title: 'Quiet' }),
    await newConversation(server.url, friend, { kind: 'group', title: 'Busy' }),
  ];
  const ids = async (query: string) => {
    const { body } = await list(friend, query);
    return { ids: body.conversations.map(({ id }) => id), nextCursor: body.nextCursor };
  };
  expect((await ids('')).ids).toEqual(['lobby', busy, quiet]);
  const message = { conversationId: quiet as ConversationId, seq: 1, createdAtMs: Date.now() + 60_000 };
  await store.messages.saveBatch([
    { ...message, id: randomUUID(), senderId: friend.id, clientMessageId: 'c-1', kind: 'text', text: 'hello' } as never,
  ]);
  const first = await ids('?limit=1');
  expect(first).toEqual({ ids: ['lobby'], nextCursor: expect.any(String) });
  const second = await ids(`?limit=1&cursor=${first.nextCursor}`);
  expect(second).toEqual({ ids: [quiet], nextCursor: expect.any(String) });
  expect(await ids(`?limit=1&cursor=${second.nextCursor}`)).toEqual({ ids: [busy], nextCursor: null });
  for (const query of ['?limit=0', '?limit=201', '?cursor=nonsense', `?cursor=${'9'.repeat(20)}.x`]) {
    expect(await list(friend, query)).toMatchObject({ status: 400, body: { code: 'INVALID_PAYLOAD' } });
  }
});

test('session:hello lists the heads of a thousand conversations, and does not slow down others', async () => {
  const peer = await connectPeer(server.url, victim.token);
  const [reply, ...others] = await Promise.all([
    peer.emitOnce('session:hello', { timezone: 'UTC' }),
    ...Array.from({ length: 20 }, () => list(healthy)),
  ]);
  peer.close();
  expect(reply).toMatchObject({ ok: true });
  expect((reply as unknown as { heads: object[] }).heads).toHaveLength(GROUPS + 1);
  expect(others.map(({ status }) => status)).toEqual(Array(20).fill(200));
});

test('a user who lists conversations all the time gets no calls of others refused', async () => {
  let isAttacking = true;
  const outcomes = new Map<number, number>();
  const attack = async () => {
    while (isAttacking) {
      const { status } = await list(victim);
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    }
  };
  const attackers = Array.from({ length: 8 }, attack);
  const statuses: number[] = [];
  for (let call = 0; call < 15; call += 1) {
    statuses.push((await list(healthy)).status, (await callRestOnce(server.url, 'GET', '/api/me', healthy)).status);
  }
  isAttacking = false;
  await Promise.all(attackers);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect([...outcomes.keys()]).toEqual([200]);
});

test('quotas: conversations in an hour, and memberships, also when others add the user', async () => {
  const limited = await newChatServer({ CONVERSATIONS_PER_HOUR: 2, MAX_MEMBERSHIPS: 3 }, server);
  const [ada, bo, eve] = [
    await newGuest(limited.url, 'Ada'),
    await newGuest(limited.url, 'Bo'),
    await newGuest(limited.url, 'Eve'),
  ];
  const create = (user: TestUser, body: object) =>
    callRest<{ id: string; code?: string }>(limited.url, 'POST', '/api/conversations', { token: user.token, body });
  const group = (user: TestUser, ...members: TestUser[]) =>
    create(user, { kind: 'group', title: 'Group', memberIds: members.map(({ id }) => id) });
  const direct = (user: TestUser, other: TestUser) => create(user, { kind: 'direct', memberIds: [other.id] });

  const first = await group(ada, bo);
  expect((await direct(ada, bo)).status).toBe(201);
  expect((await direct(ada, bo)).status).toBe(200);
  expect(await group(ada)).toMatchObject({
    status: 429,
    body: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) },
  });
  expect((await direct(bo, ada)).status).toBe(200);

  expect((await group(eve, bo)).status).toBe(201);
  const refused = { status: 409, body: { code: 'CONFLICT' } };
  expect(await group(eve, bo)).toMatchObject(refused);
  expect(await group(bo)).toMatchObject(refused);
  expect((await direct(ada, bo)).status).toBe(200);
  const other = await group(eve);
  const add = (id: string, user: TestUser) =>
    callRest(limited.url, 'POST', `/api/conversations/${id}/members`, {
      token: (id === first.body.id ? ada : eve).token,
      body: { memberIds: [user.id] },
    });
  expect(await add(other.body.id, bo)).toMatchObject(refused);
  expect((await add(first.body.id, bo)).status).toBe(200);
});
