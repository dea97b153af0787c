import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { startLocalCluster } from '@parley/local-cluster';
import {
  atFileEnd,
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  freePort,
  newTemporaryDirectory,
  type SeenMessage,
} from '@parley/testing';
import { Redis } from 'ioredis';
import { type FixtureConversation, unpackDataDir } from '../fixtures/data-dir.ts';

// Written by the last release without entry epochs, by `packages/e2e/tests/fixtures/write-data-dir.ts`.
const ARCHIVE = fileURLToPath(new URL('../fixtures/data-dir.tar.gz', import.meta.url));

const dataDir = join(await newTemporaryDirectory(), 'data');
const { password, conversations } = unpackDataDir(ARCHIVE, dataDir);
const [group, direct, quiet] = conversations;
const cluster = await startLocalCluster({
  env: {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME },
    ...{ PORT: String(await freePort()), DATA_DIR: dataDir, NODES: '2', FIRST_MESSAGE_DEADLINE_MS: '0' },
  },
});
atFileEnd(() => cluster.stop());

async function logIn(username: string): Promise<{ token: string; peer: ChatPeer; userId: string }> {
  const { body, status } = await callRest<{ accessToken: string; user: { id: string } }>(
    cluster.url,
    'POST',
    '/api/auth/login',
    { body: { username, password } },
  );
  expect(status).toBe(200);
  const peer = await connectPeer(cluster.url, body.accessToken);
  atFileEnd(() => peer.close());
  return { token: body.accessToken, peer, userId: body.user.id };
}

const [ada, bo] = await Promise.all([logIn('ada'), logIn('bo')]);

async function read<T>(path: string): Promise<T> {
  const { body } = await callRest<T>(cluster.url, 'GET', path, { token: ada.token });
  return body;
}

const messagesOf = async ({ id }: FixtureConversation) =>
  (await read<{ messages: SeenMessage[] }>(`/api/conversations/${id}/messages?after=0&limit=200`)).messages;

const headOf = ({ messages }: FixtureConversation) => messages.at(-1)?.seq ?? 0;

const send = (peer: ChatPeer, { id }: FixtureConversation, clientMessageId: string, text: string) =>
  peer.send(id, clientMessageId, text);

test('every message is where it was, also those that were in process when the cluster was killed', async () => {
  for (const conversation of conversations) {
    expect((await messagesOf(conversation)).slice(0, headOf(conversation))).toEqual(conversation.messages);
  }
});

test('messages that were in process are stored, and none is dead', async () => {
  await eventually(async () => {
    const redis = new Redis(cluster.redisUrl);
    try {
      expect(await redis.xlen('parley:{p0}:log')).toBe(0);
      expect(await redis.xlen('parley:{p0}:dead')).toBe(0);
    } finally {
      redis.disconnect();
    }
  }, 60_000);
});

test('receipts are kept', async () => {
  const { readers } = await read<Pick<FixtureConversation, 'readers'>>(`/api/conversations/${group.id}/receipts`);
  expect(readers).toEqual(expect.arrayContaining(group.readers as never[]));
});

test.each([
  ['stored', group, 7, () => ada.peer],
  ['read and not saved', group, 34, () => ada.peer],
  ['not read', group, 38, () => bo.peer],
  ['not read in another conversation', direct, 2, () => bo.peer],
  ['stored in a conversation without messages in process', quiet, 3, () => ada.peer],
] as const)('a repeated message that was %s is recognised', async (_state, conversation, seq, peerOf) => {
  const message = conversation.messages.find((candidate) => candidate.seq === seq);
  if (!message) throw new Error(`no #${seq}`);
  const reply = await send(peerOf(), conversation, message.clientMessageId, message.text ?? '');
  expect(reply).toMatchObject({ ok: true, duplicate: true, message: { id: message.id, seq } });
});

test.each([
  ['a group', group],
  ['a direct conversation', direct],
  ['a conversation without messages in process', quiet],
] as const)('%s continues its seqs without a gap', async (_name, conversation) => {
  const head = headOf(conversation);
  for (let index = 1; index <= 3; index += 1) {
    const reply = await send(ada.peer, conversation, `new-${conversation.id}-${index}`, `New ${index}`);
    expect(reply).toMatchObject({ ok: true, duplicate: false, message: { seq: head + index } });
  }
  await eventually(() => expect(ada.peer.stored.get(conversation.id)).toBe(head + 3));
  const seqs = (await messagesOf(conversation)).map(({ seq }) => seq);
  expect(seqs).toEqual(Array.from({ length: head + 3 }, (_, index) => index + 1));
});
