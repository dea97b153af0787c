import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  removeMember,
  type SeenMessage,
  type TestUser,
} from '@parley/testing';
import { sharedCluster } from './shared-cluster.ts';

const cluster = await sharedCluster();

type Hit = SeenMessage & { conversationId: string };

async function search(user: TestUser, query: Record<string, string>): Promise<{ messages: Hit[]; hasMore: boolean }> {
  const path = `/api/search?${new URLSearchParams(query)}`;
  const { status, body } = await callRest<{ messages: Hit[]; hasMore: boolean }>(cluster.url, 'GET', path, {
    token: user.token,
  });
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

const textsFound = async (user: TestUser, q: string, more: Record<string, string> = {}) =>
  (await search(user, { q, ...more })).messages.map(({ text }) => text);

/** Sends texts one after the other and waits until all are stored, because only stored messages can be found. */
async function say(peer: ChatPeer, conversationId: string, ...texts: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const text of texts) {
    const reply = (await peer.send(conversationId, randomUUID(), text)) as unknown as {
      message: { id: string; seq: number };
    };
    ids.push(reply.message.id);
    await eventually(() => expect(peer.stored.get(conversationId)).toBeGreaterThanOrEqual(reply.message.seq));
  }
  return ids;
}

/**
 * Waits until the group has exactly these system messages, in this order. One may be missing if the log says that it was not
 * appended, or if the action was repeated after UNAVAILABLE and had taken effect before.
 */
async function expectSystemMessages(peer: ChatPeer, group: string, lines: string[][], tries: number[]): Promise<void> {
  await eventually(async () => {
    const shown = peer.messages(group).map(({ senderId, text }) => [senderId, text]);
    const isShown = (line: string[]) => shown.some((one) => isDeepStrictEqual(one, line));
    expect(shown).toEqual(lines.filter(isShown));
    expect(peer.messages(group).every(({ kind }) => kind === 'system')).toBe(true);
    const logs = await Promise.all(cluster.logFiles().map((file) => readFile(file, 'utf8')));
    const isAboutMissing = (entry: string) =>
      entry.includes(group) && entry.includes('a system message was not appended');
    const missing = logs.join('').split('\n').filter(isAboutMissing).length + tries.filter((count) => count > 1).length;
    expect(shown.length).toBeGreaterThanOrEqual(lines.length - missing);
  });
}

async function connectUsers<const Count extends number>(count: Count) {
  const users = await newGuests(cluster.url, count);
  const peers: ChatPeer[] = [];
  for (const user of users) peers.push(await connectPeer(cluster.url, user.token));
  return { users, peers } as { users: [TestUser, TestUser, TestUser]; peers: [ChatPeer, ChatPeer, ChatPeer] };
}

test('messages are found by the beginnings of words in any script, newest first, in pages', async () => {
  const { users, peers } = await connectUsers(1);
  const group = await newConversation(cluster.url, users[0], { kind: 'group', title: 'Plans' });
  const texts = [
    'Treffen wir uns in Zürich?',
    '我们明天在码头见',
    'นัดเจอที่ท่าเรือพรุ่งนี้',
    'Увидимся у причала',
    'נתראה ברציף',
  ];
  await say(peers[0], group, ...texts);
  for (const [query, text] of [
    ['zur tref', texts[0]],
    ['码头', texts[1]],
    ['ท่าเรือ', texts[2]],
    ['ПРИЧ', texts[3]],
    ['ברצ', texts[4]],
  ] as const) {
    expect(await textsFound(users[0], query)).toEqual([text]);
  }
  await say(peers[0], group, 'boat one', 'boat two', 'boat three');
  const first = await search(users[0], { q: 'boa', limit: '2' });
  expect(first).toMatchObject({
    messages: [
      { text: 'boat three', conversationId: group, senderId: users[0].id, kind: 'text' },
      { text: 'boat two', conversationId: group },
    ],
    hasMore: true,
  });
  const before = first.messages[1]?.id as string;
  expect(await search(users[0], { q: 'boa', limit: '2', before })).toMatchObject({
    messages: [{ text: 'boat one' }],
    hasMore: false,
  });
  peers[0].close();
});

test('a user finds messages of their own conversations only, and none after they were removed', async () => {
  const { users, peers } = await connectUsers(3);
  const [ada, bo, cy] = users;
  const word = `word${randomUUID().slice(0, 8)}`;
  const group = await newConversation(cluster.url, ada, { kind: 'group', title: 'Secrets', memberIds: [bo.id] });
  const direct = await newConversation(cluster.url, ada, { kind: 'direct', memberIds: [cy.id] });
  await say(peers[0], group, `${word} group`);
  await say(peers[0], direct, `${word} direct`);
  await say(peers[0], 'lobby', `${word} lobby`);
  expect(await textsFound(ada, word)).toEqual([`${word} lobby`, `${word} direct`, `${word} group`]);
  expect(await textsFound(bo, word)).toEqual([`${word} lobby`, `${word} group`]);
  expect(await textsFound(cy, word)).toEqual([`${word} lobby`, `${word} direct`]);
  expect(await textsFound(ada, word, { conversationId: direct })).toEqual([`${word} direct`]);
  await expect(textsFound(cy, word, { conversationId: group })).rejects.toThrow('FORBIDDEN');
  await expect(textsFound(cy, word, { conversationId: 'nowhere' })).rejects.toThrow('NOT_FOUND');
  await expect(textsFound(cy, '')).rejects.toThrow('INVALID_PAYLOAD');
  expect((await callRest(cluster.url, 'GET', `/api/search?q=${word}`)).status).toBe(401);

  await removeMember(cluster.url, ada, group, bo.id);
  expect(await textsFound(bo, word)).toEqual([`${word} lobby`]);
  await expect(textsFound(bo, word, { conversationId: group })).rejects.toThrow('FORBIDDEN');
  for (const peer of peers) peer.close();
});

test('an edited message is found by its newest text, and a deleted message is not found', async () => {
  const { users, peers } = await connectUsers(1);
  const group = await newConversation(cluster.url, users[0], { kind: 'group', title: 'Drafts' });
  const [edited, deleted] = (await say(peers[0], group, 'the draft one', 'the draft two')) as [string, string];
  const change = (event: string, payload: object) =>
    peers[0].emit(event, { conversationId: group, clientMessageId: randomUUID(), ...payload });
  expect(await change('message:edit', { messageId: edited, text: 'the final one' })).toMatchObject({ ok: true });
  expect(await change('message:delete', { messageId: deleted })).toMatchObject({ ok: true });
  await eventually(async () => expect(await textsFound(users[0], 'draft')).toEqual([]));
  expect((await search(users[0], { q: 'final' })).messages).toMatchObject([{ id: edited, text: 'the final one' }]);
  peers[0].close();
});

test('changes of a group are announced by system messages, which are not found by a search', async () => {
  const { users, peers } = await connectUsers(3);
  const [ada, bo, cy] = users;
  const group = await newConversation(cluster.url, ada, { kind: 'group', title: 'Old name', memberIds: [bo.id] });
  const shown: { id: string; title: string; createdBy: string }[] = [];
  peers[0].socket.on('conversation', (conversation) => shown.push(conversation));
  const rename = (user: TestUser, title: string, id = group) =>
    callRest(cluster.url, 'PATCH', `/api/conversations/${id}`, { token: user.token, body: { title } });

  const renamed = await rename(bo, ' New name ');
  expect(renamed).toMatchObject({
    status: 200,
    body: { id: group, title: 'New name', createdBy: ada.id },
  });
  await eventually(() => expect(shown).toContainEqual(expect.objectContaining({ id: group, title: 'New name' })));
  const lines = [[bo.id, 'renamed the group to “New name”']];
  const tries = [renamed.tries];
  await expectSystemMessages(peers[0], group, lines, tries);

  expect(await rename(cy, 'Mine')).toMatchObject({ status: 403 });
  expect(await rename(ada, 'Mine', 'lobby')).toMatchObject({ status: 403 });
  expect(await rename(ada, 'Mine', 'nowhere')).toMatchObject({ status: 404 });
  expect(await rename(ada, ' ')).toMatchObject({ status: 400 });
  const direct = await newConversation(cluster.url, ada, { kind: 'direct', memberIds: [bo.id] });
  expect(await rename(ada, 'Mine', direct)).toMatchObject({ status: 403 });

  const members = { token: ada.token, body: { memberIds: [cy.id, bo.id] } };
  const added = await callRest(cluster.url, 'POST', `/api/conversations/${group}/members`, members);
  expect(added.status).toBe(200);
  tries.push(added.tries);
  for (const leaver of [cy, bo])
    tries.push(await removeMember(cluster.url, leaver === cy ? cy : ada, group, leaver.id));
  lines.push([ada.id, `added ${cy.displayName}`], [cy.id, 'left'], [ada.id, `removed ${bo.displayName}`]);
  await expectSystemMessages(peers[0], group, lines, tries);
  const list = await callRest<{ conversations: object[] }>(cluster.url, 'GET', '/api/conversations', {
    token: ada.token,
  });
  expect(list.body.conversations).toContainEqual(expect.objectContaining({ id: group, title: 'New name' }));

  await eventually(() => expect(peers[0].stored.get(group)).toBe(peers[0].messages(group).length));
  expect(await textsFound(ada, 'renamed')).toEqual([]);
  for (const peer of peers) peer.close();
});
