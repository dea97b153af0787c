import { afterEach, expect, test } from '@jest/globals';
import { ChatPeer, eventually, newGuest, newGuests } from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const PLACES = 50;
/** Long enough for a slow machine to refuse hundreds before the first of them has lost its place in the queue. */
const TTL_MS = 120_000;
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
    await eventually(async () => expect((await cluster.ledger()).size).toBe(0));
  }
}

/** The clock of the leases. */
async function nowMs(): Promise<number> {
  const [seconds, microseconds] = await cluster.redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

let crowd = new Crowd();
afterEach(async () => {
  await crowd.leave();
  crowd = new Crowd();
});

test('one user racing on three servers has one session, in each of 100 rounds', async () => {
  const guest = await newGuest(cluster.url, 'Racer');
  for (let round = 0; round < 100; round += 1) {
    const peers = Array.from({ length: 3 }, () => crowd.newPeer(guest.token));
    const outcomes = await Promise.all(peers.map((peer) => peer.outcome()));
    const refused = outcomes.filter((outcome) => outcome !== undefined);
    expect(refused.map(({ code }) => code)).toEqual(['ALREADY_CONNECTED', 'ALREADY_CONNECTED']);
    expect(refused.every(({ since }) => Number.isFinite(Date.parse(since ?? '')))).toBe(true);
    expect(crowd.most).toBe(1);
    await crowd.leave();
  }
}, 420_000);

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
}, 420_000);

test('a refused client keeps its place in the queue and is let in before those who come later', async () => {
  const guests = await newGuests(cluster.url, PLACES + 2);
  const [first, second, ...holders] = guests;
  if (!first || !second) throw new Error('no guests');
  const [holder, another] = await Promise.all(holders.map((guest) => crowd.admitted(guest.token)));
  const refusal = await crowd.newPeer(first.token).outcome();
  expect(refusal).toMatchObject({ code: 'SERVER_FULL', position: 1 });
  const secondRefusal = await crowd.newPeer(second.token).outcome();
  expect(secondRefusal).toMatchObject({ position: 2 });
  holder?.close();
  await eventually(async () => expect((await cluster.ledger()).size).toBe(PLACES - 1));
  // The place is free, but it is kept for who came first.
  expect(await crowd.newPeer(second.token).outcome()).toMatchObject({ position: 2 });
  expect(await crowd.newPeer(first.token, { waitTicket: refusal?.waitTicket }).outcome()).toBeUndefined();
  another?.close();
  await eventually(async () => expect((await cluster.ledger()).size).toBe(PLACES - 1));
  const { waitTicket } = secondRefusal ?? {};
  expect(await crowd.newPeer(second.token, { waitTicket }).outcome()).toBeUndefined();
});

// The last one: it leaves a queue behind.
test('500 clients racing for 50 places over three servers fill exactly 50, never more', async () => {
  const guests = await newGuests(cluster.url, 500);
  const outcomes = await Promise.all(guests.map((guest) => crowd.newPeer(guest.token).outcome()));
  const refused = outcomes.filter((outcome) => outcome !== undefined);
  expect(refused).toHaveLength(500 - PLACES);
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['SERVER_FULL']));
  expect(new Set(refused.map(({ position }) => position)).size).toBe(500 - PLACES);
  expect(refused.every(({ waitTicket, retryAfterMs }) => waitTicket && retryAfterMs)).toBe(true);
  expect(crowd.connected.size).toBe(PLACES);
  expect(crowd.most).toBe(PLACES);
  expect((await cluster.ledger()).size).toBe(PLACES);
});
