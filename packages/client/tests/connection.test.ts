import { afterEach, describe, expect, test } from '@jest/globals';
import type { PresenceChange } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { Connection, type ConnectionOptions, type ConnectionState, ParleyError } from '../src/index.ts';
import { newErrorBody, ProtocolServer } from './protocol-server.ts';

const server = await ProtocolServer.start();
const open: Connection[] = [];

function connect(options: Partial<ConnectionOptions> = {}) {
  const states: ConnectionState[] = [];
  const received: unknown[] = [];
  const presences: unknown[] = [];
  const connection = new Connection({
    url: server.url,
    deviceId: 'device-1',
    accessToken: async () => 'token-1',
    refreshToken: async () => undefined,
    onState: (state) => states.push(state),
    handlers: {
      messages: (packet) => received.push(packet),
      stored: () => undefined,
      conversation: () => undefined,
      heads: () => undefined,
      typing: () => undefined,
      receipts: () => undefined,
      presence: (packet, isFirst) => presences.push([packet.changes.length, isFirst]),
      'session:idle': () => undefined,
      'server:draining': () => undefined,
    },
    ...options,
  });
  open.push(connection);
  connection.start();
  return { connection, states, received, presences, phases: () => states.map(({ phase }) => phase) };
}

const becomes = (connection: Connection, phase: ConnectionState['phase']) =>
  eventually(() => expect(connection.state.phase).toBe(phase));

afterEach(async () => {
  for (const connection of open.splice(0)) connection.stop();
  server.reset();
  await eventually(() => expect(server.io.sockets.sockets.size).toBe(0));
});

test('goes online with token, device id and time zone, and receives session and heads', async () => {
  const { connection, phases } = connect();
  await becomes(connection, 'online');
  expect(server.handshakes).toEqual([
    { token: 'token-1', deviceId: 'device-1', takeover: false, attempt: expect.any(Number) },
  ]);
  expect(connection.state).toMatchObject({
    session: { node: 'chat-server-1', timezone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    heads: [{ conversationId: 'lobby' }],
  });
  expect(phases()).toEqual(['connecting', 'online']);
});

test('reconnects automatically after a lost connection', async () => {
  const { connection, phases } = connect();
  await becomes(connection, 'online');
  server.cut();
  await eventually(() => expect(phases()).toEqual(['connecting', 'online', 'offline', 'connecting', 'online']));
});

test('falls back to long-polling if WebSocket is blocked', async () => {
  server.io.engine.opts.transports = ['polling'];
  try {
    const { connection } = connect();
    await becomes(connection, 'online');
    const [socket] = server.io.sockets.sockets.values();
    expect(socket?.conn.transport.name).toBe('polling');
  } finally {
    server.io.engine.opts.transports = ['polling', 'websocket'];
  }
});

test('keeps retrying while the server is unreachable, and reports the phase', async () => {
  const { connection, states } = connect({ url: 'http://127.0.0.1:9' });
  await eventually(() => expect(states.filter(({ phase }) => phase === 'offline').length).toBeGreaterThan(1));
  expect(states.find(({ phase }) => phase === 'offline')).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  connection.stop();
  expect(connection.state.phase).toBe('closed');
});

test('passes packets to the handlers', async () => {
  const { connection, received } = connect();
  await becomes(connection, 'online');
  const message = server.say('hello');
  await eventually(() => expect(received).toEqual([{ conversationId: 'lobby', messages: [message] }]));
});

test('marks the first presence packet of each connection', async () => {
  const people = (count: number) => Array.from({ length: count }, () => ({}) as PresenceChange);
  server.presence = { changes: people(3) };
  const { connection, presences } = connect();
  await becomes(connection, 'online');
  server.io.emit('presence', { changes: people(1) });
  await eventually(() =>
    expect(presences).toEqual([
      [3, true],
      [1, false],
    ]),
  );
  server.cut();
  await eventually(() => expect(presences.slice(2)).toEqual([[3, true]]));
});

describe('a full cluster', () => {
  test('reports the queue position, keeps it with a ticket, and admits the client', async () => {
    const answers = [3, 1].map((position) =>
      newErrorBody('SERVER_FULL', { position, waitTicket: `ticket-${position}`, retryAfterMs: 20 }),
    );
    server.admit = () => answers.shift();
    const { connection, states, phases } = connect();
    await becomes(connection, 'online');
    expect(phases()).toEqual(['connecting', 'waiting', 'waiting', 'online']);
    expect(states.slice(1, 3)).toEqual([
      { phase: 'waiting', position: 3 },
      { phase: 'waiting', position: 1 },
    ]);
    expect(server.handshakes.map(({ waitTicket }) => waitTicket)).toEqual([undefined, 'ticket-3', 'ticket-1']);
  });

  test('is not asked again before the requested delay', async () => {
    server.admit = () => newErrorBody('SERVER_FULL', { position: 1, retryAfterMs: 60_000 });
    const { connection } = connect();
    await becomes(connection, 'waiting');
    connection.stop();
    expect(server.handshakes.length).toBe(1);
  });
});

describe('a user with another session', () => {
  test('gets the start of the other session, and can take over', async () => {
    server.admit = ({ takeover }) =>
      takeover ? undefined : newErrorBody('ALREADY_CONNECTED', { since: '2026-01-01T00:00:00.000Z' });
    const { connection } = connect();
    await becomes(connection, 'already-connected');
    expect(connection.state).toEqual({ phase: 'already-connected', since: '2026-01-01T00:00:00.000Z' });
    connection.takeOver();
    await becomes(connection, 'online');
    expect(server.handshakes.map(({ takeover }) => takeover)).toEqual([false, true]);
  });

  test('stays replaced until the user takes over', async () => {
    const { connection } = connect();
    await becomes(connection, 'online');
    server.io.emit('session:replaced', { code: 'REPLACED', message: 'You are connected elsewhere.' });
    server.cut();
    await becomes(connection, 'replaced');
    connection.retryNow();
    expect(connection.state.phase).toBe('replaced');
    connection.takeOver();
    await becomes(connection, 'online');
    expect(server.handshakes.at(-1)?.takeover).toBe(true);
    server.cut();
    await eventually(() => expect(server.handshakes.length).toBe(3));
    expect(server.handshakes.at(-1)?.takeover).toBe(false);
  });
});

describe('an expired access token', () => {
  test('is renewed, and the client reconnects', async () => {
    let token = 'stale';
    server.admit = (handshake) => (handshake.token === 'stale' ? newErrorBody('UNAUTHENTICATED') : undefined);
    const { connection } = connect({
      accessToken: async () => token,
      refreshToken: async () => {
        token = 'fresh';
      },
    });
    await becomes(connection, 'online');
    expect(server.handshakes.map(({ token }) => token)).toEqual(['stale', 'fresh']);
  });

  test('leads to the phase expired if the login has ended too, until the next start', async () => {
    const loginEnded = new ParleyError(newErrorBody('UNAUTHENTICATED'));
    const { connection } = connect({ refreshToken: () => Promise.reject(loginEnded) });
    await becomes(connection, 'online');
    server.io.emit('session:expired', { code: 'UNAUTHENTICATED', message: 'Your session has ended.' });
    await becomes(connection, 'expired');
    connection.start();
    await becomes(connection, 'online');
  });
});

describe('a request', () => {
  test('resolves with the ack of the server', async () => {
    const { connection } = connect();
    await becomes(connection, 'online');
    const payload = { cursors: [{ conversationId: server.lobby.id, afterSeq: 0 }] };
    expect(await connection.request('messages:since', payload)).toMatchObject({ ok: true });
  });

  test('without a connection resolves with UNAVAILABLE', async () => {
    const { connection } = connect();
    connection.stop();
    const payload = { cursors: [{ conversationId: server.lobby.id, afterSeq: 0 }] };
    const reply = await connection.request('messages:since', payload);
    expect(reply).toMatchObject({ ok: false, code: 'UNAVAILABLE', retryable: true });
  });
});

describe('a draining server', () => {
  test('is left without an interruption: the next socket connects before the old one closes', async () => {
    const { connection, phases } = connect();
    await becomes(connection, 'online');
    server.io.emit('server:draining', { reconnectWithinMs: 50 });
    await eventually(() => expect(server.handshakes.length).toBe(2));
    await eventually(() => expect(phases()).toEqual(['connecting', 'online', 'online']));
    expect(server.handshakes.map(({ deviceId, takeover }) => [deviceId, takeover])).toEqual([
      ['device-1', false],
      ['device-1', false],
    ]);
    await eventually(() => expect(server.io.sockets.sockets.size).toBe(1));
    expect(connection.state.phase).toBe('online');
    const payload = { cursors: [{ conversationId: server.lobby.id, afterSeq: 0 }] };
    expect(await connection.request('messages:since', payload)).toMatchObject({ ok: true });
  });

  test('is left with retries while no other server admits the client', async () => {
    const { connection, phases } = connect();
    await becomes(connection, 'online');
    const verdicts = [newErrorBody('SHUTTING_DOWN'), newErrorBody('SHUTTING_DOWN')];
    server.admit = () => verdicts.shift();
    server.io.emit('server:draining', { reconnectWithinMs: 10 });
    await eventually(() => expect(server.handshakes.length).toBe(4));
    await eventually(() => expect(phases()).toEqual(['connecting', 'online', 'online']));
  });

  test('that closes before another server admits the client is a lost connection', async () => {
    const { connection, phases } = connect();
    await becomes(connection, 'online');
    server.admit = () => newErrorBody('SHUTTING_DOWN');
    server.io.emit('server:draining', { reconnectWithinMs: 10 });
    await eventually(() => expect(server.handshakes.length).toBeGreaterThanOrEqual(2));
    server.cut();
    await eventually(() => expect(phases()).toContain('offline'));
    server.admit = () => undefined;
    await becomes(connection, 'online');
    expect(phases()).not.toContain('replaced');
  });

  test('can be followed by more handovers', async () => {
    const { connection, phases } = connect();
    await becomes(connection, 'online');
    for (let handshakes = 2; handshakes <= 5; handshakes += 1) {
      server.io.emit('server:draining', { reconnectWithinMs: 5 });
      await eventually(() => expect(phases().filter((phase) => phase === 'online').length).toBe(handshakes));
    }
    expect(new Set(phases().slice(1))).toEqual(new Set(['online']));
    connection.stop();
    expect(connection.state.phase).toBe('closed');
  });

  test('is a lost connection if it replaces the old socket by a new one that never comes online', async () => {
    const { connection, phases } = connect();
    await becomes(connection, 'online');
    const [old] = server.io.sockets.sockets.values();
    server.admit = () => newErrorBody('UNAVAILABLE');
    server.io.emit('server:draining', { reconnectWithinMs: 5 });
    await eventually(() => expect(server.handshakes.length).toBeGreaterThanOrEqual(2));
    old?.emit('session:replaced', { code: 'REPLACED', message: 'You continue elsewhere.' });
    old?.disconnect(true);
    server.admit = () => undefined;
    await eventually(() => expect(phases().filter((phase) => phase === 'online').length).toBe(2));
    expect(phases()).not.toContain('replaced');
  });

  test('is not retried after another device has replaced the session', async () => {
    const { connection } = connect();
    await becomes(connection, 'online');
    server.io.emit('server:draining', { reconnectWithinMs: 1_000_000_000 });
    server.io.emit('session:replaced', { code: 'REPLACED', message: 'You are connected elsewhere.' });
    await becomes(connection, 'replaced');
    expect(server.handshakes.length).toBe(1);
  });
});
