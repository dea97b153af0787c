import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  callRestOnce,
  connectPeer,
  eventually,
  newGuests,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const TTL_MS = 5_000;
/** Interval between two messages of a sender. */
const SEND_INTERVAL_MS = 10;
const SLOTS = 10;
const cluster = await newCluster({ NODES: 2, WORKERS: 2, MAX_CLIENTS: SLOTS, SESSION_TTL_MS: TTL_MS });

let peers: ChatPeer[] = [];
afterEach(() => {
  for (const peer of peers) peer.close();
});

/** Connects users; by default as many as there are slots. */
async function fillCluster(count = SLOTS): Promise<void> {
  peers = [];
  const users = await newGuests(cluster.url, count);
  await Promise.all(users.map((user) => connect(cluster.url, user)));
}

/** Connects a client and sends session:hello. It is closed after the test. */
async function connect(url: string, { token, id }: TestUser, reconnects = true): Promise<ChatPeer> {
  const options = { auth: { deviceId: id }, reconnects };
  const peer = await eventually(() => connectPeer(url, token, options), 120_000, 200);
  peers.push(peer);
  expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  return peer;
}

/** Returns the direct address of a chat server, which bypasses nginx. */
const addressOf = (node: string) => `http://127.0.0.1:${cluster.processes().find(({ name }) => name === node)?.port}`;

const pidsOf = (...names: string[]) =>
  cluster
    .processes()
    .filter(({ name }) => names.some((prefix) => name.startsWith(prefix)))
    .map(({ pid }) => pid);

/** Waits until a new process of that name is up. */
const restarted = (name: string, formerPid: number | undefined) =>
  eventually(() => expect(pidsOf(name).filter((pid) => pid !== formerPid)).toHaveLength(1), 150_000);

const expectReadyz = (status: number) =>
  eventually(async () => expect((await callRestOnce(cluster.url, 'GET', '/readyz')).status).toBe(status));

/** Occupies the port of a killed Redis: it cannot restart until the returned function is called. */
async function occupyPortOfRedis(): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy());
  await eventually(
    async () => {
      if (pidsOf('redis').length > 0) cluster.kill('redis', 'SIGKILL');
      server.listen(Number(new URL(cluster.redisUrl).port), '127.0.0.1');
      await once(server, 'listening');
    },
    undefined,
    5,
  );
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

const ackedSeq = (reply: Awaited<ReturnType<ChatPeer['send']>>) => {
  if (!reply.ok) throw new Error(reply.code);
  return (reply.message as { seq: number }).seq;
};

/** Expects that every client has received these seqs live, or can fetch them with `messages:since`. */
async function expectSeenByAll(seqs: number[]): Promise<void> {
  await eventually(async () => {
    for (const peer of peers) {
      const missing = seqs.filter((seq) => !peer.seqs('lobby').includes(seq));
      if (missing.length === 0) continue;
      const cursors = [{ conversationId: 'lobby', afterSeq: Math.min(...missing) - 1 }];
      const reply = await peer.emit('messages:since', { cursors, limit: 200 });
      if (!reply.ok) throw new Error(reply.code);
      const [page] = reply.conversations as { messages: { seq: number }[] }[];
      const fetched = new Set(page?.messages.map(({ seq }) => seq));
      expect(missing.filter((seq) => seq <= Math.min(...missing) + 199 && !fetched.has(seq))).toEqual([]);
    }
  });
}

test('while Redis is frozen for longer than the TTL, sends get UNAVAILABLE with a retry time, and sessions survive', async () => {
  await fillCluster();
  const before = ackedSeq(await (peers[0] as ChatPeer).send('lobby', 'f-0', 'before'));
  const pids = pidsOf('chat-server', 'message-worker');
  cluster.kill('redis', 'SIGSTOP');
  const frozenAt = performance.now();
  try {
    const payload = { conversationId: 'lobby', clientMessageId: 'f-1', kind: 'text', text: 'during' };
    const reply = await (peers[0] as ChatPeer).emitOnce('message:send', payload);
    expect(reply).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: expect.any(Number) });
    await expectReadyz(503);
    await eventually(() => expect(performance.now() - frozenAt).toBeGreaterThan(TTL_MS + 1_500));
  } finally {
    cluster.kill('redis', 'SIGCONT');
  }
  const during = await Promise.all(peers.map((peer, index) => peer.send('lobby', `f-1-${index}`, 'during')));
  expect(peers.every((peer) => peer.disconnectedBy === undefined)).toBe(true);
  expect((await cluster.slotHolders()).size).toBe(SLOTS);
  expect(pidsOf('chat-server', 'message-worker')).toEqual(pids);
  await expectSeenByAll([before, ...during.map(ackedSeq)]);
});

test('the slots of a frozen server are given to others; its clients can do nothing until they are admitted again', async () => {
  await fillCluster();
  const frozen = peers.filter((peer) => peer.node === 'chat-server-1');
  expect(frozen.length).toBeGreaterThan(2);
  const awake = addressOf('chat-server-2');
  const newcomers = await newGuests(cluster.url, frozen.length, 'Newcomer');
  cluster.kill('chat-server-1', 'SIGSTOP');
  const late = frozen.map((peer) =>
    peer.socket
      .timeout(90_000)
      .emitWithAck('message:send', {
        conversationId: 'lobby',
        clientMessageId: `late-${peer.node}-${peer.socket.id}`,
        kind: 'text',
        text: 'from the past',
      })
      .catch(() => ({ ok: false })),
  );
  let taken: ChatPeer[] = [];
  try {
    // Bypasses nginx, which would try the frozen server.
    taken = await Promise.all(newcomers.map((user) => connect(awake, user, false)));
    expect((await cluster.slotHolders()).size).toBe(SLOTS);
  } finally {
    cluster.kill('chat-server-1', 'SIGCONT');
  }
  await eventually(() => expect(frozen.every((peer) => peer.disconnectedBy !== undefined)).toBe(true));
  expect((await Promise.all(late)).filter(({ ok }) => ok)).toEqual([]);
  for (const peer of taken) expect((await peer.emit('session:hello', { timezone: 'UTC' })).ok).toBe(true);
  expect((await cluster.slotHolders()).size).toBe(SLOTS);
});

test('a killed Redis restarts with all acked messages; sessions survive, and no other process exits', async () => {
  await fillCluster();
  const pids = pidsOf('chat-server', 'message-worker');
  const [killedPid] = pidsOf('redis');
  const seqs: number[] = [];
  const sending = peers.map(async (peer, sender) => {
    for (let index = 0; index < 40; index += 1)
      seqs.push(ackedSeq(await peer.send('lobby', `k-${sender}-${index}`, 'x')));
  });
  await eventually(() => expect(seqs.length).toBeGreaterThan(50));
  cluster.kill('redis', 'SIGKILL');
  const releasePort = await occupyPortOfRedis();
  try {
    await expectReadyz(503);
  } finally {
    await releasePort();
  }
  await restarted('redis', killedPid);
  await Promise.all(sending);
  expect(new Set(seqs).size).toBe(400);
  expect(peers.every((peer) => peer.disconnectedBy === undefined)).toBe(true);
  expect(pidsOf('chat-server', 'message-worker')).toEqual(pids);
  await expectReadyz(200);
  await expectSeenByAll(seqs);
});

test('after a loss of all Redis data, seqs continue above the stored messages in a new epoch', async () => {
  await fillCluster();
  const [first] = peers as [ChatPeer];
  const last = ackedSeq(await first.send('lobby', 'e-1', 'stored'));
  await eventually(() => expect(first.stored.get('lobby')).toBeGreaterThanOrEqual(last));
  await eventually(() => expect(first.heads.get('lobby')?.headSeq).toBeGreaterThanOrEqual(last), 60_000);
  const { epoch } = first.heads.get('lobby') as { epoch: string };
  await cluster.redis.flushall();
  expect(ackedSeq(await first.send('lobby', 'e-2', 'after'))).toBe(last + 1);
  await eventually(
    () => expect(peers.some((peer) => (peer.heads.get('lobby')?.epoch ?? epoch) !== epoch)).toBe(true),
    60_000,
  );
  const { body } = await callRest<{ messages: { text: string }[] }>(
    cluster.url,
    'GET',
    '/api/conversations/lobby/messages?limit=2',
    { token: (await newGuests(cluster.url, 1))[0]?.token ?? '' },
  );
  expect(body.messages.map(({ text }) => text)).toEqual(['stored', 'after']);
});

test('a rolling restart moves clients to other servers and loses no message', async () => {
  await fillCluster();
  const seqs: number[] = [];
  let isOver = false;
  const sending = peers.map(async (peer, sender) => {
    for (let index = 0; !isOver; index += 1) {
      seqs.push(ackedSeq(await peer.send('lobby', `r-${sender}-${index}`, 'x')));
      await new Promise((resolve) => setTimeout(resolve, SEND_INTERVAL_MS));
    }
  });
  try {
    for (const name of ['chat-server-1', 'chat-server-2']) {
      const [pid] = pidsOf(name);
      cluster.kill(name, 'SIGTERM');
      await restarted(name, pid);
    }
  } finally {
    isOver = true;
  }
  // UNAVAILABLE: Redis did not answer in time; these clients have reconnected.
  expect(peers.flatMap((peer) => peer.refusals).filter((code) => code !== 'UNAVAILABLE')).toEqual([]);
  await Promise.all(sending);
  expect(peers.every((peer) => peer.draining.length > 0)).toBe(true);
  expect(new Set(seqs).size).toBe(seqs.length);
  await eventually(() => expect(peers.every((peer) => peer.socket.connected)).toBe(true));
  await expectSeenByAll([Math.min(...seqs), Math.max(...seqs)]);
});

test('a slow consumer is disconnected, the others receive all messages, and it catches up without a gap', async () => {
  await fillCluster(SLOTS - 1);
  const others = peers;
  const cutCount = async () => {
    const ports = cluster
      .processes()
      .filter(({ name }) => name.startsWith('chat-server'))
      .map((row) => row.metricsPort);
    const texts = await Promise.all(
      ports.map(async (port) => (await callRest<string>(`http://127.0.0.1:${port}`, 'GET', '/metrics')).body),
    );
    const counts = texts.join('\n').matchAll(/^chat_slow_consumers_total\{.*\} (\d+)/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  // Bypasses nginx, because its buffers would have to be filled as well.
  const newNonReader = async () => {
    const [user] = (await newGuests(cluster.url, 1)) as [TestUser];
    peers = [...others];
    const peer = await connect(addressOf('chat-server-1'), user);
    const { transport } = peer.socket.io.engine as unknown as { transport: { ws: { _socket: Socket } } };
    transport.ws._socket.pause();
    return { peer, stream: transport.ws._socket, cutsBefore: await cutCount() };
  };
  let nonReader = await newNonReader();
  const seqs: number[] = [];
  // The longest text: it fills the buffers before the heartbeat fails.
  const text = '🙂'.repeat(4_000);
  for (let round = 0; (await cutCount()) === nonReader.cutsBefore; round += 1) {
    expect(round).toBeLessThan(100);
    if (nonReader.peer.disconnectedBy) {
      // On a slow machine the heartbeat may fail first.
      nonReader.peer.close();
      nonReader.stream.destroy();
      nonReader = await newNonReader();
    }
    const replies = await Promise.all(
      others.flatMap((peer, sender) =>
        Array.from({ length: 20 }, (_, index) => peer.send('lobby', `s-${sender}-${round}-${index}`, text)),
      ),
    );
    seqs.push(...replies.map(ackedSeq));
  }
  await eventually(() => {
    for (const peer of others) expect(peer.seqs('lobby')).toEqual(expect.arrayContaining(seqs.slice(-50)));
  });
  expect(others.every((peer) => peer.socket.connected)).toBe(true);
  nonReader.stream.resume();
  await eventually(() => expect(nonReader.peer.disconnectedBy).toBeDefined());
  await eventually(() => expect(nonReader.peer.socket.connected).toBe(true));
  await expectSeenByAll([Math.min(...seqs), Math.max(...seqs)]);
});
