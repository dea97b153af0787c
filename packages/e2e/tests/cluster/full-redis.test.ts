import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRestOnce,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  type Reply,
  readHistory,
  type SeenMessage,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const TTL_MS = 4_000;
/** A client is read at 1 MB/s. The workers free memory faster than one guest alone fills it. */
const FLOODING_GUESTS = 4;
const GROUPS = 12;
/** How many sends of one client are in flight. */
const IN_FLIGHT = 24;
/** Without memory for more, Redis holds about 1,500 of these texts of 12 KB, each in the log and in the recent window. */
const LONG_TEXT = '漢'.repeat(4_000);
/** How soon senders are served again once a worker runs, on a machine that is busy with other tests. */
const RECOVERED_WITHIN_MS = 60_000;

const cluster = await newCluster({
  NODES: 2,
  WORKERS: 1,
  REDIS_MAX_MEMORY_MB: 40,
  MAX_IN_PROCESS: 5_000,
  SESSION_TTL_MS: TTL_MS,
});

const readyz = async () => {
  const { status, body } = await callRestOnce<{ status: string }>(cluster.url, 'GET', '/readyz');
  return [status, body.status];
};

const memoryOf = async (name: string) =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await cluster.redis.info('memory'))?.[1]);

/** The connection was lost before the ack. */
const NO_ACK: Reply = { ok: false, code: 'NO_ACK', retryAfterMs: 100 };

/** A client that sends until it is stopped. Each text is sent until it is acked. */
class Sender {
  readonly acked = new Map<string, { conversationId: string; seq: number }>();
  readonly refusals = new Map<string, number>();
  #isStopped = false;
  readonly #peer: ChatPeer;
  readonly #name: string;
  #sent = 0;
  readonly #running: Promise<unknown>;

  constructor(
    peer: ChatPeer,
    options: { name: string; conversationIds: readonly string[]; text: string; inFlight: number; everyMs: number },
  ) {
    this.#peer = peer;
    this.#name = options.name;
    const loop = async () => {
      while (!this.#isStopped) {
        const conversationId = options.conversationIds[this.#sent % options.conversationIds.length] ?? '';
        await this.#send(conversationId, options.text);
        if (options.everyMs > 0) await pause(options.everyMs);
      }
    };
    this.#running = Promise.all(Array.from({ length: options.inFlight }, loop));
  }

  async #send(conversationId: string, text: string): Promise<void> {
    this.#sent += 1;
    const clientMessageId = `${this.#name}-${this.#sent}`;
    for (;;) {
      const payload = { conversationId, clientMessageId, kind: 'text', text };
      const reply = await this.#peer.emitOnce('message:send', payload).catch(() => NO_ACK);
      if (reply.ok) {
        this.acked.set(clientMessageId, { conversationId, seq: (reply.message as SeenMessage).seq });
        return;
      }
      this.refusals.set(reply.code, (this.refusals.get(reply.code) ?? 0) + 1);
      if (this.#isStopped) return;
      await pause(reply.retryAfterMs ?? 100);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }
}

test('one guest fills Redis: others are refused with BUSY only, sessions live, and all resumes when a worker runs', async () => {
  const [bot, ada, bo, cy] = (await newGuests(cluster.url, 4)) as [TestUser, TestUser, TestUser, TestUser];
  const groups: string[] = [];
  for (let i = 0; i < GROUPS; i += 1) {
    groups.push(await newConversation(cluster.url, bot, { kind: 'group', title: `Group ${i}`, memberIds: [] }));
  }
  const [botPeer, adaPeer, boPeer] = [
    await connectPeer(cluster.url, bot.token),
    await connectPeer(cluster.url, ada.token),
    await connectPeer(cluster.url, bo.token),
  ];
  const formerPid = cluster.processes().find(({ name }) => name === 'message-worker-1')?.pid;
  cluster.kill('message-worker-1', 'SIGSTOP');
  const chatter = { conversationIds: ['lobby'], text: 'hi', inFlight: 1, everyMs: 50 };
  const others = [adaPeer, boPeer].map((peer, index) => new Sender(peer, { name: `other-${index}`, ...chatter }));
  const flood = new Sender(botPeer, {
    name: 'bot',
    conversationIds: groups,
    text: LONG_TEXT,
    inFlight: IN_FLIGHT,
    everyMs: 0,
  });

  // Near the limit.
  await eventually(async () => expect(await readyz()).toEqual([200, 'degraded']));
  await eventually(() => {
    for (const sender of others) expect(sender.refusals.get('BUSY')).toBeGreaterThan(0);
  });
  expect(flood.acked.size).toBeGreaterThan(500);
  await flood.stop();

  // Beyond the limit: Redis refuses every command that may add data.
  await cluster.redis.config('SET', 'maxmemory', String(Math.round((await memoryOf('used_memory')) * 0.9)));
  await expect(cluster.redis.set('x', '1')).rejects.toThrow('OOM');
  const longAfterMs = Date.now() + 3 * TTL_MS;
  await eventually(async () => {
    for (const { id } of [ada, bo]) {
      expect(Number(await cluster.redis.zscore('parley:{sessions}:live', id))).toBeGreaterThan(longAfterMs);
    }
  });
  const newcomer = await connectPeer(cluster.url, cy.token);
  expect(await newcomer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  expect((await readHistory(cluster.url, ada.token, 'lobby')).length).toBeGreaterThan(0);
  expect(await readyz()).toEqual([200, 'degraded']);

  // A new worker starts although Redis is full, and frees the memory.
  const killedAt = performance.now();
  cluster.kill('message-worker-1', 'SIGKILL');
  await eventually(() =>
    expect(cluster.processes().find(({ name }) => name === 'message-worker-1')?.pid).not.toBe(formerPid),
  );
  await eventually(async () => expect(await readyz()).toEqual([200, 'ready']), RECOVERED_WITHIN_MS);
  const sentBefore = others.map(({ acked }) => acked.size);
  await eventually(() => {
    for (const [index, { acked }] of others.entries()) expect(acked.size).toBeGreaterThan((sentBefore[index] ?? 0) + 5);
  }, RECOVERED_WITHIN_MS);
  expect(performance.now() - killedAt).toBeLessThan(RECOVERED_WITHIN_MS);
  await Promise.all(others.map((sender) => sender.stop()));
  await eventually(async () => expect(await cluster.redis.xlen('parley:{p0}:log')).toBe(0));

  for (const { refusals } of others) {
    for (const code of refusals.keys()) expect(['BUSY', 'UNAVAILABLE']).toContain(code);
  }
  for (const peer of [adaPeer, boPeer, newcomer]) {
    expect(peer.socket.connected).toBe(true);
    expect(peer.sessionEnds).toEqual([]);
  }

  // Nothing acked is lost, and pages have no gap.
  const acked = [flood, ...others].flatMap((sender) => [...sender.acked]);
  for (const conversationId of ['lobby', ...groups]) {
    const history = await readHistory(cluster.url, bot.token, conversationId);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
    const seqOf = new Map(history.map(({ clientMessageId, seq }) => [clientMessageId, seq]));
    expect(seqOf.size).toBe(history.length);
    for (const [clientMessageId, message] of acked) {
      if (message.conversationId === conversationId) expect(seqOf.get(clientMessageId)).toBe(message.seq);
    }
  }
  for (const peer of [botPeer, adaPeer, boPeer, newcomer]) peer.close();
});

test('while guests flood a small Redis and a worker runs, others are served again and again', async () => {
  await cluster.redis.config('SET', 'maxmemory', '40mb');
  const [ada, ...bots] = (await newGuests(cluster.url, 1 + FLOODING_GUESTS)) as [TestUser, ...TestUser[]];
  const [bot] = bots as [TestUser];
  const memberIds = bots.slice(1).map(({ id }) => id);
  const groups: string[] = [];
  for (let i = 0; i < GROUPS; i += 1) {
    groups.push(await newConversation(cluster.url, bot, { kind: 'group', title: `Group ${i}`, memberIds }));
  }
  // As slow consumers of their own messages they may be disconnected.
  const botPeers = await Promise.all(
    bots.map(({ id, token }) => connectPeer(cluster.url, token, { auth: { deviceId: id }, reconnects: true })),
  );
  const adaPeer = await connectPeer(cluster.url, ada.token);
  const other = new Sender(adaPeer, { name: 'ada', conversationIds: ['lobby'], text: 'hi', inFlight: 1, everyMs: 50 });
  const load = { conversationIds: groups, text: LONG_TEXT, inFlight: 8, everyMs: 0 };
  const floods = botPeers.map((peer, index) => new Sender(peer, { name: `flooding-${index}`, ...load }));
  await eventually(() => expect(other.refusals.get('BUSY')).toBeGreaterThan(0));
  for (let round = 0; round < 3; round += 1) {
    const acked = other.acked.size;
    await eventually(() => expect(other.acked.size).toBeGreaterThan(acked + 3), RECOVERED_WITHIN_MS);
  }
  await Promise.all(floods.map((flood) => flood.stop()));
  const acked = other.acked.size;
  await eventually(() => expect(other.acked.size).toBeGreaterThan(acked + 20), RECOVERED_WITHIN_MS);
  await other.stop();
  await eventually(async () => expect(await readyz()).toEqual([200, 'ready']), RECOVERED_WITHIN_MS);
  for (const code of other.refusals.keys()) expect(['BUSY', 'UNAVAILABLE']).toContain(code);
  expect(adaPeer.sessionEnds).toEqual([]);
  for (const peer of [...botPeers, adaPeer]) peer.close();
});

test('each process warns once of the settings of Redis that may lose messages', async () => {
  for (const file of cluster.logFiles().filter((name) => /chat-server|message-worker|presence-service/.test(name))) {
    const lines = readFileSync(file, 'utf8').split('\n');
    const starts = lines.filter((line) => line.includes('"msg":"started"')).length;
    expect([file, lines.filter((line) => line.includes('appendfsync everysec')).length]).toEqual([file, starts]);
  }
});
