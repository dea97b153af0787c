import { afterEach, expect, test } from '@jest/globals';
import {
  askToConnect,
  ChatPeer,
  eventually,
  newGuest,
  newGuests,
  type RefusedConnection,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const SLOTS = 50;
/** On a slow machine, hundreds of clients are refused before the first of them loses its position in the queue. */
const TTL_MS = 120_000;
/** Below the time after which a position in the queue lapses: within this time, all positions are still valid. */
const QUEUE_HOLDS_MS = 25_000;
const cluster = await newCluster({ MAX_CLIENTS: SLOTS, SESSION_TTL_MS: TTL_MS, NODES: 3 });

/** All clients of a test. Counts the clients that have received `connect`: this number must never exceed the limit. */
class ClientPool {
  readonly peers: ChatPeer[] = [];
  readonly connected = new Set<ChatPeer>();
  most = 0;

  newPeer(token: string, auth: Record<string, unknown> = {}): ChatPeer {
    const peer = new ChatPeer(cluster.url, token, { auth });
    this.peers.push(peer);
    peer.socket.on('connect', () => {
      this.connected.add(peer);
      this.most = Math.max(this.most, this.connected.size);
    });
    peer.socket.on('disconnect', () => this.connected.delete(peer));
    return peer;
  }

  /** Tries to connect, and retries while a backend is unavailable. @returns the refusal */
  async tryToConnect({ token }: TestUser, waitTicket?: string): Promise<RefusedConnection | undefined> {
    const { refusal } = await askToConnect(() => this.newPeer(token, { waitTicket }));
    return refusal;
  }

  /** Repeats the attempt until it is admitted. */
  admit(token: string): Promise<ChatPeer> {
    return eventually(
      async () => {
        const peer = this.newPeer(token);
        expect(await peer.outcome()).toBeUndefined();
        return peer;
      },
      TTL_MS + 60_000,
      100,
    );
  }

  async disconnectAll(): Promise<void> {
    for (const peer of this.peers) peer.close();
    // A slot that could not be released, because Redis did not answer, is free when its lease expires.
    await eventually(async () => expect((await cluster.slotHolders()).size).toBe(0), TTL_MS + 60_000);
  }
}

/** Waits until the queue is empty. */
const queueLapsed = () =>
  eventually(
    async () => {
      const waiting = await cluster.redis.zcount('parley:{sessions}:waiting:lapse', await nowMs(), '+inf');
      expect(waiting).toBe(0);
    },
    TTL_MS,
    500,
  );

const isUnavailable = (outcome: RefusedConnection | undefined) => outcome?.code === 'UNAVAILABLE';

/** Returns the time of Redis, which is the clock of the leases. */
async function nowMs(): Promise<number> {
  const [seconds, microseconds] = await cluster.redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

let clients = new ClientPool();
async function disconnectAll(): Promise<void> {
  await clients.disconnectAll();
  clients = new ClientPool();
}
afterEach(disconnectAll);

test('a user who connects to three servers at once gets one session', async () => {
  const guest = await newGuest(cluster.url, 'Racer');
  const slowAt = performance.now() + 300_000;
  for (let round = 0; round < 100 && (round < 20 || performance.now() < slowAt); ) {
    const peers = Array.from({ length: 3 }, () => clients.newPeer(guest.token));
    const outcomes = await Promise.all(peers.map((peer) => peer.outcome()));
    expect(clients.most).toBeLessThanOrEqual(1);
    // If Redis did not answer in time, the three attempts were not concurrent.
    if (!outcomes.some(isUnavailable)) {
      const refused = outcomes.filter((outcome) => outcome !== undefined);
      expect(refused.map(({ code }) => code)).toEqual(['ALREADY_CONNECTED', 'ALREADY_CONNECTED']);
      expect(refused.every(({ since }) => Number.isFinite(Date.parse(since ?? '')))).toBe(true);
      expect(clients.most).toBe(1);
      round += 1;
    }
    await disconnectAll();
  }
});

test('the slots of a killed server are free within the TTL, and the other slots are not changed', async () => {
  const guests = await newGuests(cluster.url, SLOTS);
  const peers = await Promise.all(guests.map((guest) => clients.admit(guest.token)));
  const victims = peers.filter((peer) => peer.node === 'chat-server-2');
  expect(victims.length).toBeGreaterThan(5);
  const before = await cluster.slotHolders();
  cluster.kill('chat-server-2', 'SIGKILL');
  await eventually(() => expect(victims.every((peer) => peer.disconnectedBy)).toBe(true));
  // Nothing renews the leases of the killed server. Its successor may have released them already.
  const noticedAtMs = await nowMs();
  for (const [userId, { node }] of before) {
    const expiresAtMs = await cluster.redis.zscore('parley:{sessions}:live', userId);
    if (node === 'chat-server-2' && expiresAtMs) expect(Number(expiresAtMs)).toBeLessThanOrEqual(noticedAtMs + TTL_MS);
  }

  const newcomers = await newGuests(cluster.url, victims.length, 'Newcomer');
  await Promise.all(newcomers.map((guest) => clients.admit(guest.token)));
  const survivors = peers.filter((peer) => !victims.includes(peer));
  expect(survivors.every((peer) => peer.socket.connected)).toBe(true);
  const replies = await Promise.all(survivors.map((peer) => peer.emit('session:hello', { timezone: 'UTC' })));
  expect(replies.every((reply) => reply.ok)).toBe(true);
  const after = await cluster.slotHolders();
  const untouched = [...before].filter(([, { node }]) => node !== 'chat-server-2');
  expect(untouched.every(([userId, { token }]) => after.get(userId)?.token === token)).toBe(true);
});

test('a rejected client keeps its position in the queue and is admitted before later ones', async () => {
  const guests = await newGuests(cluster.url, SLOTS + 2);
  const [first, second, ...holders] = guests;
  if (!first || !second) throw new Error('no guests');
  // An attempt in which a position in the queue may have lapsed is repeated.
  for (;;) {
    await disconnectAll();
    await queueLapsed();
    const [holder, another] = await Promise.all(holders.map((guest) => clients.admit(guest.token)));
    let askedAt = performance.now();
    const isInTime = () => performance.now() - askedAt < QUEUE_HOLDS_MS;
    const refusal = await clients.tryToConnect(first);
    const secondRefusal = await clients.tryToConnect(second);
    if (!isInTime()) continue;
    expect(refusal).toMatchObject({ code: 'SERVER_FULL', position: 1 });
    expect(secondRefusal).toMatchObject({ position: 2 });
    const askedAgainAt = performance.now();
    const again = await clients.tryToConnect(first, refusal?.waitTicket);
    if (!isInTime()) continue;
    expect(again).toMatchObject({ code: 'SERVER_FULL', position: 1 });
    askedAt = askedAgainAt;

    holder?.close();
    await eventually(async () => expect((await cluster.slotHolders()).size).toBe(SLOTS - 1));
    // The slot is free, but it is reserved for the first in the queue.
    const early = await clients.tryToConnect(second);
    const inTurn = await clients.tryToConnect(first, again?.waitTicket);
    if (!isInTime()) continue;
    expect(early).toMatchObject({ code: 'SERVER_FULL', position: 2 });
    expect(inTurn).toBeUndefined();
    another?.close();
    await eventually(async () => expect((await cluster.slotHolders()).size).toBe(SLOTS - 1));
    expect(await clients.tryToConnect(second, secondRefusal?.waitTicket)).toBeUndefined();
    return;
  }
});

// The last test: it leaves a queue.
test('of 500 clients that connect to three servers at once, exactly 50 are admitted', async () => {
  const guests = await newGuests(cluster.url, 500);
  // A race is repeated if a position in the queue may have lapsed or Redis did not answer in time.
  for (;;) {
    await disconnectAll();
    await queueLapsed();
    const beganAt = performance.now();
    const outcomes = await Promise.all(guests.map((guest) => clients.newPeer(guest.token).outcome()));
    expect(clients.most).toBeLessThanOrEqual(SLOTS);
    if (outcomes.some(isUnavailable) || performance.now() - beganAt > QUEUE_HOLDS_MS) continue;
    const refused = outcomes.filter((outcome) => outcome !== undefined);
    expect(refused).toHaveLength(500 - SLOTS);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['SERVER_FULL']));
    expect(new Set(refused.map(({ position }) => position)).size).toBe(500 - SLOTS);
    expect(refused.every(({ waitTicket, retryAfterMs }) => waitTicket && retryAfterMs)).toBe(true);
    expect(clients.connected.size).toBe(SLOTS);
    expect(clients.most).toBe(SLOTS);
    expect((await cluster.slotHolders()).size).toBe(SLOTS);
    return;
  }
});
