import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { createRedisSessionLeases, newFencingToken } from '../src/index.ts';
import { AUTHORISED_UNTIL_MS, hold, LONG_TTL_MS, newLeaseFixture, queueUp, request, userId } from './lease-fixture.ts';

const { newLeases, connect, redis, nowMs } = await newLeaseFixture();

test('acquires a free slot and reports the start of the session by the clock of Redis', async () => {
  const leases = newLeases({ maxClients: 2 });
  const before = await nowMs();
  const ada = await hold(leases, 'ada', { deviceId: 'phone' });
  const after = await nowMs();
  expect(ada.startedAtMs).toBeGreaterThanOrEqual(before);
  expect(ada.startedAtMs).toBeLessThanOrEqual(after);
  expect(ada.replaced).toBeUndefined();
  expect(await leases.find(userId('ada'))).toEqual({
    userId: 'ada',
    token: ada.token,
    node: 'chat-server-1',
    deviceId: 'phone',
    startedAtMs: ada.startedAtMs,
    authorisedUntilMs: AUTHORISED_UNTIL_MS,
    expiresAtMs: ada.startedAtMs + LONG_TTL_MS,
  });
});

test('acquiring again with the same token has the same outcome', async () => {
  const leases = newLeases({ maxClients: 1 });
  const first = await hold(leases, 'ada');
  expect(await leases.acquire(first)).toEqual({
    kind: 'acquired',
    startedAtMs: first.startedAtMs,
    fence: first.fence,
  });

  const second = request('ada', { takeover: true, node: 'chat-server-2' });
  const outcome = await leases.acquire(second);
  expect(outcome).toMatchObject({ kind: 'acquired', replaced: { node: 'chat-server-1', token: first.token } });
  expect(await leases.acquire(second)).toEqual(outcome);
});

test('each acquisition has a higher fence than all before, whatever the clock says', async () => {
  const leases = createRedisSessionLeases(await connect(), {
    maxClients: 0,
    sessionTtlMs: LONG_TTL_MS,
    keyPrefix: 'fence',
  });
  const fences: number[] = [];
  for (const user of ['ada', 'bob', 'ada']) fences.push((await hold(leases, user, { takeover: true })).fence);
  // As after the clock was set back by an hour.
  const ahead = (await nowMs()) + 3_600_000;
  await redis.client.set('fence:{sessions}:fence', ahead);
  for (const user of ['ada', 'bob']) fences.push((await hold(leases, user, { takeover: true })).fence);
  expect(fences.slice(3)).toEqual([ahead + 1, ahead + 2]);
  expect(fences).toEqual(fences.toSorted((a, b) => a - b));
  expect(new Set(fences).size).toBe(5);
  await redis.client.del('fence:{sessions}:fence');
  expect((await hold(leases, 'cy')).fence).toBeGreaterThanOrEqual(fences[2] ?? 0);
});

test('a lease that an earlier release acquired has no fence', async () => {
  const leases = createRedisSessionLeases(await connect(), {
    maxClients: 0,
    sessionTtlMs: LONG_TTL_MS,
    keyPrefix: 'old-lease',
  });
  const ada = await hold(leases, 'ada');
  const record = JSON.parse((await redis.client.hget('old-lease:{sessions}:holders', 'ada')) ?? '');
  const { fence: _, ...old } = record;
  await redis.client.hset('old-lease:{sessions}:holders', 'ada', JSON.stringify(old));
  expect(await leases.acquire(ada)).toEqual({ kind: 'acquired', startedAtMs: ada.startedAtMs, fence: 0 });
});

test('acquiring again with the same token extends the lease', async () => {
  const leases = newLeases({ maxClients: 1 });
  const ada = await hold(leases, 'ada');
  await eventually(async () => {
    await leases.acquire(ada);
    expect((await leases.find(ada.userId))?.expiresAtMs).toBeGreaterThan(ada.startedAtMs + LONG_TTL_MS);
  });
});

test('refuses a second session of a user and reports the start of the first', async () => {
  const leases = newLeases({ maxClients: 2 });
  const { token, startedAtMs } = await hold(leases, 'ada', { deviceId: 'phone' });
  const refused = { kind: 'already-connected', startedAtMs };
  expect(await leases.acquire(request('ada', { deviceId: 'laptop' }))).toEqual(refused);
  expect(await leases.acquire(request('ada'))).toEqual(refused);
  expect((await leases.find(userId('ada')))?.token).toBe(token);
});

test('does not treat two sessions without a device id as the same device', async () => {
  const leases = newLeases({ maxClients: 2 });
  await hold(leases, 'ada');
  await hold(leases, 'bob', { deviceId: '' });
  expect((await leases.acquire(request('ada'))).kind).toBe('already-connected');
  expect((await leases.acquire(request('bob', { deviceId: '' }))).kind).toBe('already-connected');
});

test('the same device replaces its session, even if all slots are taken and users wait', async () => {
  const leases = newLeases({ maxClients: 1 });
  const first = await hold(leases, 'ada', { deviceId: 'phone' });
  await queueUp(leases, 'bob');
  const second = await hold(leases, 'ada', { deviceId: 'phone', node: 'chat-server-2' });
  expect(second.replaced).toEqual({ node: 'chat-server-1', token: first.token });
  expect(await leases.find(userId('ada'))).toMatchObject({ token: second.token, node: 'chat-server-2' });
  expect(await leases.count()).toEqual({ held: 1, waiting: 1 });
});

test('a takeover replaces a session of any device', async () => {
  const leases = newLeases({ maxClients: 1 });
  const first = await hold(leases, 'ada', { deviceId: 'phone' });
  const second = await hold(leases, 'ada', { deviceId: 'laptop', takeover: true });
  expect(second.replaced).toEqual({ node: 'chat-server-1', token: first.token });
  const third = await hold(leases, 'ada', { takeover: true });
  expect(third.replaced).toEqual({ node: 'chat-server-1', token: second.token });
  expect(await leases.find(userId('ada'))).toMatchObject({ token: third.token, deviceId: undefined });
});

test('ignores delayed calls of a replaced session', async () => {
  const leases = newLeases({ maxClients: 1 });
  const old = await hold(leases, 'ada');
  const current = await hold(leases, 'ada', { takeover: true });
  const held = await leases.find(userId('ada'));
  expect(await leases.release([old])).toBe(0);
  expect((await leases.renew([old])).lost).toEqual([old]);
  expect(await leases.find(userId('ada'))).toEqual(held);
  expect(await leases.release([current])).toBe(1);
});

test('has no limit when maxClients is 0, but one session for each user', async () => {
  const leases = newLeases({ maxClients: 0 });
  const outcomes = await Promise.all(Array.from({ length: 300 }, (_, i) => leases.acquire(request(`user-${i}`))));
  expect(outcomes.every(({ kind }) => kind === 'acquired')).toBe(true);
  expect((await leases.acquire(request('user-7'))).kind).toBe('already-connected');
  expect(await leases.count()).toEqual({ held: 300, waiting: 0 });
});

test('a lowered limit admits nobody until enough sessions have ended, and ends none', async () => {
  const connection = await connect();
  const options = { sessionTtlMs: LONG_TTL_MS, keyPrefix: 'lowered' };
  const before = createRedisSessionLeases(connection, { ...options, maxClients: 3 });
  const users = [await hold(before, 'ada'), await hold(before, 'bob'), await hold(before, 'cy')];
  const after = createRedisSessionLeases(connection, { ...options, maxClients: 1 });
  expect((await after.renew(users)).lost).toEqual([]);
  await queueUp(after, 'dee');
  for (const { userId, token } of users.slice(1)) await after.release([{ userId, token }]);
  await queueUp(after, 'dee');
  await after.release([{ userId: userId('ada'), token: users[0]?.token ?? newFencingToken() }]);
  await hold(after, 'dee');
});

test.each(['__proto__', 'constructor', '-', '0', 'A'.repeat(64)])('acquires a slot for the user id %s', async (id) => {
  const leases = newLeases({ maxClients: 1 });
  const { token } = await hold(leases, id);
  await queueUp(leases, `other${id}`.slice(0, 64));
  expect((await leases.ledger()).leases.map(({ userId }) => userId)).toEqual([id]);
  expect(await leases.release([{ userId: userId(id), token }])).toBe(1);
});

test.each(['it\'s "quoted" \\ and {"json":[1,null]}', ' spaces\tand\nlines ', 'Zoë 📱 \u0000 \u001f', 'null', '0'])(
  'recognises the device %j',
  async (deviceId) => {
    const leases = newLeases({ maxClients: 1 });
    await hold(leases, 'ada', { deviceId });
    expect((await leases.find(userId('ada')))?.deviceId).toBe(deviceId);
    const again = await hold(leases, 'ada', { deviceId });
    expect(again.replaced).toBeDefined();
    expect((await leases.acquire(request('ada', { deviceId: `${deviceId} ` }))).kind).toBe('already-connected');
  },
);

test('puts all keys under one hash tag, with the prefix parley by default', async () => {
  await redis.client.flushall();
  const leases = createRedisSessionLeases(await connect(), {
    maxClients: 2,
    sessionTtlMs: LONG_TTL_MS,
    reservedForAccounts: 1,
    clientsPerAddress: 1,
    idleTimeoutMs: 2,
  });
  // With the last renewal in 1970, the session clock differs from the clock of Redis.
  await redis.client.set('parley:{sessions}:touched', 1);
  const ada = await hold(leases, 'ada', { isGuest: true, address: '203.0.113.7' });
  await hold(leases, 'account');
  await queueUp(leases, 'bob', undefined, { isGuest: true });
  await eventually(async () => expect((await leases.renew([ada])).idle).toHaveLength(1));
  const keys = await redis.client.keys('*');
  expect(keys.map((key) => key.replace('parley:{sessions}:', '')).sort()).toEqual([
    'active:accounts',
    'active:guests',
    'addresses',
    'ending',
    'fence',
    'holders',
    'live',
    'skew',
    'touched',
    'waiting',
    'waiting:arrivals',
    'waiting:guests',
    'waiting:kept',
    'waiting:lapse',
    'waiting:tickets',
  ]);
});

test('loads the scripts again after SCRIPT FLUSH', async () => {
  const leases = newLeases({ maxClients: 1 });
  const ada = await hold(leases, 'ada');
  await redis.client.script('FLUSH');
  expect((await leases.renew([ada])).lost).toEqual([]);
  await redis.client.script('FLUSH');
  await queueUp(leases, 'bob');
});

test('a late attempt of a device never replaces the session of a later one, not even as a takeover', async () => {
  const leases = newLeases({ maxClients: 2 });
  const ada = await hold(leases, 'ada', { deviceId: 'phone', attempt: 1_790_000_000_002 });
  for (const takeover of [false, true]) {
    const late = { deviceId: 'phone', attempt: 1_790_000_000_001, takeover };
    expect(await leases.acquire(request('ada', late))).toEqual({
      kind: 'already-connected',
      startedAtMs: ada.startedAtMs,
    });
  }
  expect((await leases.find(userId('ada')))?.token).toBe(ada.token);
  const replaced = { replaced: { token: ada.token } };
  expect(await leases.acquire(request('ada', { deviceId: 'phone', attempt: 1_790_000_000_003 }))).toMatchObject(
    replaced,
  );
  expect(await leases.acquire(request('ada', { deviceId: 'phone' }))).toMatchObject({ kind: 'acquired' });
  expect(await leases.acquire(request('ada', { deviceId: 'laptop', attempt: 1, takeover: true }))).toMatchObject({
    kind: 'acquired',
  });
});
