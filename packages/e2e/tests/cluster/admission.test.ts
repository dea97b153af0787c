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

const PLACES = 50;
/** Long enough for a slow machine to refuse hundreds before the first of them has lost its place in the queue. */
const TTL_MS = 120_000;
/** A place in the queue lapses later than this, so that whatever took less has found everybody in theirs. */
const QUEUE_HOLDS_MS = 25_000;
const cluster = await newCluster({ MAX_CLIENTS: PLACES, SESSION_TTL_MS: TTL_MS, NODES: 3 });

/** Every client of a test. What a client is told is that it is connected, so this is what must never exceed the bound. */
class Crowd {
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

  /** Asks to be let in, and again while a part of the cluster is away. @returns the refusal */
  async ask({ token }: TestUser, waitTicket?: string): Promise<RefusedConnection | undefined> {
    const { refusal } = await askToConnect(() => this.newPeer(token, { waitTicket }));
    return refusal;
  }

  /** Tries again until it is let in. */
  admitted(token: string): Promise<ChatPeer> {
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

  async leave(): Promise<void> {
    for (const peer of this.peers) peer.close();
    // A place that could not be given back, because Redis did not answer, is free when its lease has ended.
    await eventually(async () => expect((await cluster.ledger()).size).toBe(0), TTL_MS + 60_000);
  }
}

/** Waits until nobody has a place in the queue any more. */
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

/** The clock of the leases. */
async function nowMs(): Promise<number> {
  const [seconds, microseconds] = await cluster.redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

let crowd = new Crowd();
async function everybodyLeaves(): Promise<void> {
  await crowd.leave();
  crowd = new Crowd();
}
afterEach(everybodyLeaves);

test('one user racing on three servers has one session, in every round', async () => {
  const guest = await newGuest(cluster.url, 'Racer');
  const slowAt = performance.now() + 300_000;
  for (let round = 0; round < 100 && (round < 20 || performance.now() < slowAt); ) {
    const peers = Array.from({ length: 3 }, () => crowd.newPeer(guest.token));
    const outcomes = await Promise.all(peers.map((peer) => peer.outcome()));
    expect(crowd.most).toBeLessThanOrEqual(1);
    // Where Redis did not answer in time it was no race of three.
    if (!outcomes.some(isUnavailable)) {
      const refused = outcomes.filter((outcome) => outcome !== undefined);
      expect(refused.map(({ code }) => code)).toEqual(['ALREADY_CONNECTED', 'ALREADY_CONNECTED']);
      expect(refused.every(({ since }) => Number.isFinite(Date.parse(since ?? '')))).toBe(true);
      expect(crowd.most).toBe(1);
      round += 1;
    }
    await everybodyLeaves();
  }
});

test("a killed server's places are free within the TTL, and no other place is touched", async () => {
  const guests = await newGuests(cluster.url, PLACES);
  const peers = await Promise.all(guests.map((guest) => crowd.admitted(guest.token)));
  const victims = peers.filter((peer) => peer.node === 'chat-server-2');
  expect(victims.length).toBeGreaterThan(5);
  const before = await cluster.ledger();
  cluster.kill('chat-server-2', 'SIGKILL');
  await eventually(() => expect(victims.every((peer) => peer.disconnectedBy)).toBe(true));
  // Nothing renews the dead server's leases any more; a restarted one may have given them back already.
  const noticedAtMs = await nowMs();
  for (const [userId, { node }] of before) {
    const expiresAtMs = await cluster.redis.zscore('parley:{sessions}:live', userId);
    if (node === 'chat-server-2' && expiresAtMs) expect(Number(expiresAtMs)).toBeLessThanOrEqual(noticedAtMs + TTL_MS);
  }

  const newcomers = await newGuests(cluster.url, victims.length, 'Newcomer');
  await Promise.all(newcomers.map((guest) => crowd.admitted(guest.token)));
  const survivors = peers.filter((peer) => !victims.includes(peer));
  expect(survivors.every((peer) => peer.socket.connected)).toBe(true);
  const replies = await Promise.all(survivors.map((peer) => peer.emit('session:hello', { timezone: 'UTC' })));
  expect(replies.every((reply) => reply.ok)).toBe(true);
  const after = await cluster.ledger();
  const untouched = [...before].filter(([, { node }]) => node !== 'chat-server-2');
  expect(untouched.every(([userId, { token }]) => after.get(userId)?.token === token)).toBe(true);
});

test('a refused client keeps its place in the queue and is let in before those who come later', async () => {
  const guests = await newGuests(cluster.url, PLACES + 2);
  const [first, second, ...holders] = guests;
  if (!first || !second) throw new Error('no guests');
  // A try in which somebody's place in the queue may have lapsed shows nothing.
  for (;;) {
    await everybodyLeaves();
    await queueLapsed();
    const [holder, another] = await Promise.all(holders.map((guest) => crowd.admitted(guest.token)));
    let askedAt = performance.now();
    const isInTime = () => performance.now() - askedAt < QUEUE_HOLDS_MS;
    const refusal = await crowd.ask(first);
    const secondRefusal = await crowd.ask(second);
    if (!isInTime()) continue;
    expect(refusal).toMatchObject({ code: 'SERVER_FULL', position: 1 });
    expect(secondRefusal).toMatchObject({ position: 2 });
    const askedAgainAt = performance.now();
    const again = await crowd.ask(first, refusal?.waitTicket);
    if (!isInTime()) continue;
    expect(again).toMatchObject({ code: 'SERVER_FULL', position: 1 });
    askedAt = askedAgainAt;

    holder?.close();
    await eventually(async () => expect((await cluster.ledger()).size).toBe(PLACES - 1));
    // The place is free, but it is kept for who came first.
    const early = await crowd.ask(second);
    const inTurn = await crowd.ask(first, again?.waitTicket);
    if (!isInTime()) continue;
    expect(early).toMatchObject({ code: 'SERVER_FULL', position: 2 });
    expect(inTurn).toBeUndefined();
    another?.close();
    await eventually(async () => expect((await cluster.ledger()).size).toBe(PLACES - 1));
    expect(await crowd.ask(second, secondRefusal?.waitTicket)).toBeUndefined();
    return;
  }
});

// The last one: it leaves a queue behind.
test('500 clients racing for 50 places over three servers fill exactly 50, never more', async () => {
  const guests = await newGuests(cluster.url, 500);
  // A race in which somebody's place in the queue may have lapsed, or Redis did not answer in time, has no exact end.
  for (;;) {
    await everybodyLeaves();
    await queueLapsed();
    const beganAt = performance.now();
    const outcomes = await Promise.all(guests.map((guest) => crowd.newPeer(guest.token).outcome()));
    expect(crowd.most).toBeLessThanOrEqual(PLACES);
    if (outcomes.some(isUnavailable) || performance.now() - beganAt > QUEUE_HOLDS_MS) continue;
    const refused = outcomes.filter((outcome) => outcome !== undefined);
    expect(refused).toHaveLength(500 - PLACES);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['SERVER_FULL']));
    expect(new Set(refused.map(({ position }) => position)).size).toBe(500 - PLACES);
    expect(refused.every(({ waitTicket, retryAfterMs }) => waitTicket && retryAfterMs)).toBe(true);
    expect(crowd.connected.size).toBe(PLACES);
    expect(crowd.most).toBe(PLACES);
    expect((await cluster.ledger()).size).toBe(PLACES);
    return;
  }
});
