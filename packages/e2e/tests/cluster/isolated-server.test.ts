import { expect, test } from '@jest/globals';
import {
  ChatPeer,
  callRest,
  callRestOnce,
  connectPeer,
  eventually,
  newGuest,
  newGuests,
  newRedis,
  startTcpProxy,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const SERVERS = ['chat-server-1', 'chat-server-2', 'chat-server-3'] as const;
/** Isolated in these tests. */
const [ALONE] = SERVERS;

const redis = await newRedis();
const proxies = new Map(
  await Promise.all(
    SERVERS.map(async (name) => [name as string, await startTcpProxy('127.0.0.1', redis.port)] as const),
  ),
);
const linkOf = (name: string) => proxies.get(name) as Awaited<ReturnType<typeof startTcpProxy>>;
const cluster = await newCluster(
  { NODES: SERVERS.length, MAX_CLIENTS: 0, REDIS_URL: redis.url },
  {
    envOf(name) {
      const proxy = proxies.get(name);
      return proxy ? { REDIS_URL: `redis://127.0.0.1:${proxy.port}` } : {};
    },
  },
);

/** Connects clients that reconnect, like the client library, with a device id. */
const connectMany = async (users: TestUser[], reconnects = true) =>
  Promise.all(users.map(({ token, id }) => connectPeer(cluster.url, token, { auth: { deviceId: id }, reconnects })));

const closeAll = (peers: ChatPeer[]) => {
  for (const peer of peers) peer.close();
};

const portOf = (name: string) => cluster.processes().find((entry) => entry.name === name)?.port;

/** Connects once. @returns the refusal */
async function refusalOf({ token, id }: TestUser) {
  const peer = new ChatPeer(cluster.url, token, { auth: { deviceId: id } });
  const refusal = await peer.outcome();
  peer.close();
  return refusal;
}

/** Waits until a server accepts connections and is ready again. */
const isBack = (name: string) =>
  eventually(async () => {
    expect((await callRestOnce(`http://127.0.0.1:${portOf(name)}`, 'GET', '/readyz')).status).toBe(200);
  });

test('while one server has lost Redis no newcomer and no REST call is refused, and its users are served elsewhere', async () => {
  const peers = await connectMany(await newGuests(cluster.url, 30));
  const alone = peers.filter(({ node }) => node === ALONE);
  expect(alone.length).toBeGreaterThan(3);
  const alreadyThere = new Set(peers.filter(({ node }) => node !== ALONE));

  linkOf(ALONE).cut();
  try {
    const cutAt = performance.now();
    const refusals: unknown[] = [];
    let admitted = 0;
    const isMoved = () => alone.every((peer) => peer.socket.connected && peer.node !== ALONE);
    // Polling and WebSocket in turn. A guest is a POST request, which nginx does not repeat.
    for (let index = 0; !isMoved() || index < 20; index += 1) {
      expect(performance.now() - cutAt).toBeLessThan(60_000);
      const created = await callRestOnce<{ accessToken: string; user: { id: string } }>(
        cluster.url,
        'POST',
        '/api/auth/guest',
        { body: { displayName: `Newcomer ${index}` } },
      );
      if (created.status !== 201) {
        refusals.push(created);
        continue;
      }
      const me = await callRestOnce(cluster.url, 'GET', '/api/me', { token: created.body.accessToken });
      if (me.status !== 200) refusals.push(me);
      try {
        const peer = await connectPeer(cluster.url, created.body.accessToken, {
          transports: [index % 2 === 0 ? 'polling' : 'websocket'],
        });
        expect(peer.refusals).toEqual([]);
        expect(peer.node).not.toBe(ALONE);
        admitted += 1;
        peer.close();
      } catch (error) {
        refusals.push(error);
      }
    }
    expect(refusals).toEqual([]);
    expect(admitted).toBeGreaterThan(19);
    // The other servers' users noticed nothing.
    for (const peer of alreadyThere) expect(peer.disconnectedBy).toBeUndefined();
    for (const peer of alone) {
      expect(peer.draining).toHaveLength(1);
      expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
    }
    const replies = await Promise.all(peers.map((peer, index) => peer.send('lobby', `moved-${index}`, 'hello')));
    for (const reply of replies) expect(reply).toMatchObject({ ok: true });
  } finally {
    linkOf(ALONE).restore();
  }

  await isBack(ALONE);
  const back = await eventually(async () => {
    const peer = await connectPeer(cluster.url, (await newGuest(cluster.url, 'Back')).token);
    if (peer.node !== ALONE) peer.close();
    expect(peer.node).toBe(ALONE);
    return peer;
  });
  expect(await back.send('lobby', 'back', 'again')).toMatchObject({ ok: true });
  closeAll([...peers, back]);
}, 180_000);

test('a short interruption of one server moves no session', async () => {
  const peers = await connectMany(await newGuests(cluster.url, 12));
  const alone = peers.filter(({ node }) => node === ALONE);
  expect(alone.length).toBeGreaterThan(0);
  linkOf(ALONE).cut();
  await eventually(async () => {
    await expect(fetch(`http://127.0.0.1:${portOf(ALONE)}/healthz`)).rejects.toThrow();
  });
  linkOf(ALONE).restore();
  await isBack(ALONE);
  for (const peer of alone) expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  for (const peer of peers) {
    expect(peer.draining).toEqual([]);
    expect(peer.disconnectedBy).toBeUndefined();
  }
  closeAll(peers);
}, 120_000);

test('a server that does not get answers from Redis is isolated as well', async () => {
  const peers = await connectMany(await newGuests(cluster.url, 12));
  const alone = peers.filter(({ node }) => node === ALONE);
  expect(alone.length).toBeGreaterThan(0);
  linkOf(ALONE).stall();
  try {
    await eventually(() => {
      for (const peer of alone) expect(peer.socket.connected && peer.node !== ALONE).toBe(true);
    });
    for (const peer of alone) expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
  } finally {
    linkOf(ALONE).restore();
  }
  await isBack(ALONE);
  closeAll(peers);
}, 120_000);

test('when all servers have lost Redis, sessions stay, and newcomers get UNAVAILABLE with a retry time', async () => {
  const peers = await connectMany(await newGuests(cluster.url, 9));
  const [late] = (await newGuests(cluster.url, 1)) as [TestUser];
  for (const name of SERVERS) linkOf(name).cut();
  try {
    await eventually(async () => expect((await callRestOnce(cluster.url, 'GET', '/readyz')).status).toBe(503));
    // A server that noticed first may have taken the others for ready.
    for (const name of SERVERS) await eventually(() => fetch(`http://127.0.0.1:${portOf(name)}/healthz`));
    const cutAt = performance.now();
    // Longer than a server waits before it hands its sessions over.
    while (performance.now() - cutAt < 9_000) {
      expect(await refusalOf(late)).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) });
      const reply = await (peers[0] as ChatPeer).emitOnce('session:hello', { timezone: 'UTC' });
      expect(reply).toMatchObject({ ok: false, code: 'UNAVAILABLE' });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    for (const name of SERVERS) linkOf(name).restore();
  }
  await eventually(async () => expect((await callRest(cluster.url, 'GET', '/readyz')).status).toBe(200));
  for (const peer of peers) {
    expect(await peer.emit('session:hello', { timezone: 'UTC' })).toMatchObject({ ok: true });
    expect(peer.disconnectedBy).toBeUndefined();
    expect(peer.draining).toEqual([]);
  }
  closeAll(peers);
}, 120_000);
