import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import {
  describeWithMongodb,
  eventually,
  freePort,
  newMongodb,
  startTcpProxy,
  type TcpProxy,
  type TestMongodb,
} from '@parley/testing';
import { openMongodbStore } from '../../src/mongodb/open-mongodb-store.ts';
import { newConversationId, newMessage } from '../../src/new-message.ts';
import { type Store, StoreUnavailable } from '../../src/store.ts';

const DEADLINE_MS = 3_000;
/** Allowance for a busy machine. */
const SLACK_MS = 15_000;

const open = (url: string) => openMongodbStore({ url, logger: silentLogger(), deadlineMs: DEADLINE_MS });

test('opening rejects within its deadline where no server listens', async () => {
  const startedAtMs = performance.now();
  await expect(open(`mongodb://127.0.0.1:${await freePort()}/parley`)).rejects.toThrow(StoreUnavailable);
  expect(performance.now() - startedAtMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
});

const SINGLE_HOST = /^mongodb:\/\/(?<login>[^/@]+@)?(?<host>[^/:,]+)(?::(?<port>\d+))?\/(?<rest>.*)$/;

const mongodb = await newMongodb();
const server = SINGLE_HOST.exec(mongodb.url ?? '')?.groups;
const reachable: TestMongodb =
  mongodb.url !== undefined && !server
    ? { url: undefined, missing: 'the proxy needs a MONGODB_URL with one host' }
    : mongodb;

describeWithMongodb('the MongoDB store behind a faulty network', reachable, () => {
  let proxy: TcpProxy;
  let store: Store;

  beforeEach(async () => {
    proxy = await startTcpProxy(server?.host ?? '', Number(server?.port ?? 27_017));
    const rest = `${server?.rest}${server?.rest?.includes('?') ? '&' : '?'}directConnection=true`;
    store = await eventually(() => open(`mongodb://${server?.login ?? ''}127.0.0.1:${proxy.port}/${rest}`));
  });

  afterEach(async () => {
    await store.close();
    await proxy.close();
  });

  test.each(['stall', 'cut'] as const)(
    'reports StoreUnavailable within its deadline after a %s, loses nothing, and recovers',
    async (fault) => {
      const conversationId = newConversationId();
      const saved = newMessage({ conversationId, seq: 1 });
      const late = newMessage({ conversationId, seq: 2 });
      await eventually(() => store.messages.saveBatch([saved]));

      proxy[fault]();
      const startedAtMs = performance.now();
      const attempts = await Promise.allSettled([
        store.messages.saveBatch([late]),
        store.messages.readRange(conversationId, 1, 10),
        store.conversations.addMembers(conversationId, [saved.senderId]),
        store.users.search('', 10),
        store.ping(),
      ]);
      for (const attempt of attempts) {
        expect(attempt).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
      }
      expect(performance.now() - startedAtMs).toBeLessThan(DEADLINE_MS + SLACK_MS);

      proxy.restore();
      await eventually(async () => expect(await store.messages.saveBatch([saved, late])).toEqual({ rejected: [] }));
      expect(await eventually(() => store.messages.readRange(conversationId, 1, 10))).toEqual([saved, late]);
    },
  );
});
