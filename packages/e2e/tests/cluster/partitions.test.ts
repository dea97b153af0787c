import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { startLocalCluster } from '@parley/local-cluster';
import {
  atFileEnd,
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  freePort,
  newConversation,
  newGuests,
  newTemporaryDirectory,
  type TestUser,
} from '@parley/testing';

const dataDir = await newTemporaryDirectory();

/** Starts a cluster with the same data as the one before. */
async function start(partitions: number) {
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(await freePort()),
    DATA_DIR: dataDir,
    NODES: '2',
    FIRST_MESSAGE_DEADLINE_MS: '0',
    LOG_PARTITIONS: String(partitions),
  };
  const cluster = await startLocalCluster({ env });
  atFileEnd(() => cluster.stop());
  return cluster;
}

/** Creates groups with two members, in all partitions. */
async function newGroups(url: string, owner: TestUser, memberId: string): Promise<string[]> {
  return Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      newConversation(url, owner, { kind: 'group', title: `group ${index}`, memberIds: [memberId] }),
    ),
  );
}

const texts = (peer: ChatPeer, conversationId: string) => peer.messages(conversationId).map(({ text }) => text);

test('with several partitions one worker delivers and stores all conversations; another number waits until all is stored', async () => {
  let cluster = await start(2);
  const [ada, bo] = (await newGuests(cluster.url, 2)) as [TestUser, TestUser];
  const groups = await newGroups(cluster.url, ada, bo.id);
  let sender = await connectPeer(cluster.url, ada.token);
  let receiver = await connectPeer(cluster.url, bo.token);
  for (const id of groups) expect(await sender.send(id, `first-${id}`, 'first')).toMatchObject({ ok: true });
  await eventually(() => {
    for (const id of groups) expect(texts(receiver, id)).toContain('first');
  });
  await eventually(() => {
    for (const id of groups) expect(receiver.stored.get(id)).toBeGreaterThanOrEqual(1);
  });

  const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { timeout: 30_000 });
  database.exec('BEGIN IMMEDIATE');
  for (const id of groups) expect(await sender.send(id, `second-${id}`, 'second')).toMatchObject({ ok: true });
  await cluster.stop();
  await expect(start(3)).rejects.toThrow(
    /^LOG_PARTITIONS is 3, and 8 messages are in process with 2; start with LOG_PARTITIONS=2 until they are stored$/,
  );

  database.exec('ROLLBACK');
  database.close();

  cluster = await start(2);
  const inProcess = async () => {
    const { body } = await callRest<string>(
      `http://127.0.0.1:${cluster.processes().find(({ name }) => name === 'chat-server-1')?.metricsPort}`,
      'GET',
      '/metrics',
    );
    return /^chat_in_process\{.*\} (\d+)/m.exec(body)?.[1];
  };
  sender = await connectPeer(cluster.url, ada.token);
  await eventually(async () => expect(await inProcess()).toBe('0'));
  await cluster.stop();

  cluster = await start(3);
  sender = await connectPeer(cluster.url, ada.token);
  receiver = await connectPeer(cluster.url, bo.token);
  for (const id of groups) expect(await sender.send(id, `third-${id}`, 'third')).toMatchObject({ ok: true });
  await eventually(() => {
    for (const id of groups) expect(texts(receiver, id)).toContain('third');
  });
  for (const id of groups) {
    const { body } = await callRest<{ messages: { seq: number; text?: string; kind: string }[] }>(
      cluster.url,
      'GET',
      `/api/conversations/${id}/messages?limit=50`,
      { token: bo.token },
    );
    expect(body.messages.map(({ seq }) => seq)).toEqual(body.messages.map((_, index) => index + 1));
    expect(body.messages.filter(({ kind }) => kind === 'text').map(({ text }) => text)).toEqual([
      'first',
      'second',
      'third',
    ]);
  }
  await cluster.stop();
});
