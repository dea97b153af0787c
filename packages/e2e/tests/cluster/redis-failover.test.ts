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
  readHistory,
  type SeenMessage,
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

/** In CI each test runs on one of the two, to save time. */
const IS_CI = process.env.CI === 'true';

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
  // After a failed test nobody waits for it.
  sending.catch(() => undefined);
  return () => {
    isStopped = true;
    return sending;
  };
}

async function promotion(successor: RedisServerProcess): Promise<number> {
  await eventually(async () => expect(await successor.admin.info('replication')).toContain('role:master'));
  return performance.now();
}

const LOG_KEY = 'parley:{p0}:log';

/** Starts a chat on a Sentinel set or a Redis Cluster, and clients that send without a pause. */
async function startUnderLoad(kind: 'sentinel' | 'cluster') {
  const sentinel = kind === 'sentinel' ? await newRedisSentinel() : undefined;
  const redisCluster = kind === 'cluster' ? await newRedisCluster() : undefined;
  const chat = await newCluster({
    NODES: 2,
    WORKERS: 1,
    MAX_CLIENTS: SENDERS,
    // The lobby is in the partition whose master fails.
    LOG_PARTITIONS: 1,
    REDIS_URL: sentinel?.url ?? redisCluster?.url ?? '',
  });
  const users = await newGuests(chat.url, SENDERS);
  const peers = await Promise.all(
    users.map((user) => connectPeer(chat.url, user.token, { auth: { deviceId: user.id }, reconnects: true })),
  );
  const acked: Acked[] = [];
  const stops = peers.map((peer, index) => startSending(peer, `s${index}`, acked));
  await eventually(() => expect(acked.length).toBeGreaterThan(200));
  const former = (await (sentinel?.master() ?? redisCluster?.masterOf(LOG_KEY))) as RedisServerProcess;
  const port = Number(/slave0:ip=127\.0\.0\.1,port=(\d+)/.exec(await former.admin.info('replication'))?.[1]);
  const servers = sentinel?.servers ?? redisCluster?.servers ?? [];
  return {
    chat,
    peers,
    acked,
    former,
    successor: servers.find((server) => server.port === port) as RedisServerProcess,
    failedOver: () => sentinel?.failedOver(former) ?? redisCluster?.failedOver(LOG_KEY, former),
    /** Stops sending, waits until everything is stored, and returns the history. */
    async finish(): Promise<SeenMessage[]> {
      await Promise.all(stops.map((stop) => stop()));
      const lastSeq = acked.at(-1)?.seq ?? 0;
      await eventually(() => {
        for (const peer of peers) expect(peer.stored.get('lobby')).toBeGreaterThanOrEqual(lastSeq);
      });
      const history = await readHistory(chat.url, users[0]?.token ?? '', 'lobby');
      for (const peer of peers) peer.close();
      await chat.stop();
      return history;
    },
  };
}

/** Asserts that the history has no gap and no copy, and every message that was acked after a moment. */
function expectComplete(history: readonly SeenMessage[], acked: readonly Acked[], after: number): void {
  expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
  const sent = history.filter(({ kind }) => kind !== 'system');
  const seqs = new Map(sent.map(({ clientMessageId, seq }) => [clientMessageId, seq]));
  expect(seqs.size).toBe(sent.length);
  expect(acked.filter(({ clientMessageId, seq, at }) => at > after && seqs.get(clientMessageId) !== seq)).toEqual([]);
}

test.each(IS_CI ? (['sentinel'] as const) : (['sentinel', 'cluster'] as const))(
  '%s: a frozen master is replaced under load, thaws, and no message that was acked afterwards is lost',
  async (kind) => {
    const { acked, former, successor, failedOver, finish } = await startUnderLoad(kind);
    former.freeze();
    const promotedAt = await promotion(successor);
    await failedOver();
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
    expectComplete(await finish(), acked, promotedAt);
  },
  300_000,
);

test.each(IS_CI ? (['cluster'] as const) : (['sentinel', 'cluster'] as const))(
  '%s: a replica that lagged begins a new epoch, and only messages of the ended one are lost',
  async (kind) => {
    const { chat, peers, acked, former, successor, failedOver, finish } = await startUnderLoad(kind);
    const epochOf = (peer: ChatPeer | undefined) => peer?.heads.get('lobby')?.epoch;
    const epochBefore = await eventually(() => {
      const epoch = epochOf(peers[0]);
      if (!epoch) throw new Error('no head was announced');
      return epoch;
    });
    // From here on the replica receives nothing.
    successor.freeze();
    await former.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
    const ackedBefore = acked.length;
    await eventually(() => expect(acked.length).toBeGreaterThan(ackedBefore + 100));
    former.freeze();
    successor.thaw();
    const promotedAt = await promotion(successor);
    await failedOver();
    former.thaw();
    await eventually(() => expect(acked.filter(({ at }) => at > promotedAt).length).toBeGreaterThan(ACKS_AFTERWARDS));
    await eventually(() => expect(epochOf(peers[0])).not.toBe(epochBefore));
    const workerPort = chat.processes().find(({ name }) => name.startsWith('message-worker'))?.metricsPort;
    const { body } = await callRest<string>(`http://127.0.0.1:${workerPort}`, 'GET', '/metrics');
    expect(body).toMatch(/^chat_messages_dead_lettered_total\{.*\} 0$/m);
    expectComplete(await finish(), acked, promotedAt);
  },
  300_000,
);
