import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newGuests,
  newRedisCluster,
  newRedisSentinel,
  type RedisServerProcess,
  type SeenMessage,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const SENDERS = 4;
const SEND_INTERVAL_MS = 20;
/** How long after the failover the chat must work again. */
const BACK_WITHIN_MS = 5_000;
/** The delay that a busy machine may add. */
const SLACK_MS = 10_000;
/** How many acks must follow after the old master has thawed. */
const ACKS_AFTERWARDS = 500;

interface Acked {
  readonly clientMessageId: string;
  readonly seq: number;
  readonly at: number;
}

/** Sends messages until the returned function is called, which resolves to everything that was acked. */
function startSending(peer: ChatPeer, name: string, acked: Acked[]): () => Promise<void> {
  let isStopped = false;
  const sending = (async () => {
    for (let count = 1; !isStopped; count += 1) {
      const clientMessageId = `${name}-${count}`;
      const reply = await peer.send('lobby', clientMessageId, `message ${count}`);
      if (!reply.ok) throw new Error(`${clientMessageId}: ${reply.code}`);
      acked.push({ clientMessageId, seq: (reply.message as { seq: number }).seq, at: performance.now() });
      await pause(SEND_INTERVAL_MS);
    }
  })();
  return () => {
    isStopped = true;
    return sending;
  };
}

/** Returns the whole history of the lobby, oldest first. */
async function readHistory(url: string, token: string): Promise<SeenMessage[]> {
  const history: SeenMessage[] = [];
  for (;;) {
    const afterSeq = history.at(-1)?.seq ?? 0;
    const { body } = await callRest<{ messages: SeenMessage[]; hasMore: boolean }>(
      url,
      'GET',
      `/api/conversations/lobby/messages?after=${afterSeq}&limit=200`,
      { token },
    );
    history.push(...body.messages);
    if (!body.hasMore) return history;
  }
}

async function promotion(successor: RedisServerProcess): Promise<number> {
  await eventually(async () => expect(await successor.admin.info('replication')).toContain('role:master'));
  return performance.now();
}

const LOG_KEY = 'parley:{p0}:log';

test.each(['sentinel', 'cluster'] as const)(
  '%s: a frozen master is replaced under load, thaws, and no message that was acked afterwards is lost',
  async (kind) => {
    const sentinel = kind === 'sentinel' ? await newRedisSentinel() : undefined;
    const redisCluster = kind === 'cluster' ? await newRedisCluster() : undefined;
    const servers = sentinel?.servers ?? redisCluster?.servers ?? [];
    const masterNow = () =>
      (sentinel ? sentinel.master() : redisCluster?.masterOf(LOG_KEY)) as Promise<RedisServerProcess>;
    const failedOver = (former: RedisServerProcess) =>
      sentinel ? sentinel.failedOver(former) : redisCluster?.failedOver(LOG_KEY, former);
    const chat = await newCluster({
      NODES: 2,
      WORKERS: 1,
      MAX_CLIENTS: SENDERS,
      REDIS_URL: sentinel?.url ?? redisCluster?.url ?? '',
    });
    const users = (await newGuests(chat.url, SENDERS)) as TestUser[];
    const acked: Acked[] = [];
    const peers = await Promise.all(
      users.map((user) => connectPeer(chat.url, user.token, { auth: { deviceId: user.id }, reconnects: true })),
    );
    const stops = peers.map((peer, index) => startSending(peer, `s${index}`, acked));
    await eventually(() => expect(acked.length).toBeGreaterThan(200));

    const former = await masterNow();
    const port = Number(/slave0:ip=127\.0\.0\.1,port=(\d+)/.exec(await former.admin.info('replication'))?.[1]);
    const successor = servers.find((server) => server.port === port) as RedisServerProcess;
    former.freeze();
    const promotedAt = await promotion(successor);
    await failedOver(former);
    const failedOverAt = performance.now();
    const backAt = await eventually(() => {
      const first = acked.find(({ at }) => at > promotedAt);
      if (!first) throw new Error('nothing was acked after the failover');
      return first.at;
    });
    expect(backAt - failedOverAt).toBeLessThan(BACK_WITHIN_MS + SLACK_MS);
    const ackedBefore = acked.length;
    former.thaw();
    await eventually(() => expect(acked.length).toBeGreaterThan(ackedBefore + ACKS_AFTERWARDS));
    await Promise.all(stops.map((stop) => stop()));

    const lastSeq = Math.max(...acked.map(({ seq }) => seq));
    await eventually(() => {
      for (const peer of peers) expect(peer.stored.get('lobby')).toBeGreaterThanOrEqual(lastSeq);
    });
    const history = await readHistory(chat.url, users[0]?.token ?? '');
    const byId = Map.groupBy(history, ({ clientMessageId }) => clientMessageId);
    const lost = acked.filter(({ clientMessageId, seq }) => byId.get(clientMessageId)?.[0]?.seq !== seq);
    expect(lost.filter(({ at }) => at > promotedAt)).toEqual([]);
    expect([...byId.values()].filter((copies) => copies.length > 1)).toEqual([]);
    for (const peer of peers) peer.close();
    await chat.stop();
  },
  300_000,
);
