import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { LOBBY_ID } from '@parley/protocol/constants';
import { eventually } from '@parley/testing';
import { Connection, ParleyError } from '../src/index.ts';
import { newChat } from './new-chat.ts';
import { newErrorBody } from './new-error-body.ts';

const parts = await newChat();
const { server } = parts;

/** Timers may fire up to a millisecond early. */
const TIMER_SLACK_MS = 2;

const limited = (retryAfterMs: number) => newErrorBody('RATE_LIMITED', { retryAfterMs });

/** Refuses the first call of a kind. @returns the times of all calls of that kind */
function refuseFirst(kind: string, retryAfterMs: number): number[] {
  const calledAt: number[] = [];
  server.judgeRest = (call) => {
    if (call !== kind) return undefined;
    calledAt.push(performance.now());
    return calledAt.length === 1 ? limited(retryAfterMs) : undefined;
  };
  return calledAt;
}

const gapOf = ([first = 0, second = 0]: readonly number[]) => second - first + TIMER_SLACK_MS;

test.each(['GET /api/conversations', 'GET /api/conversations/lobby/receipts'])(
  '%s is not requested again before the time of a refusal',
  async (kind) => {
    server.kind = 'group';
    const calledAt = refuseFirst(kind, 600);
    await parts.join();
    void parts.chat.open(LOBBY_ID);
    await eventually(() => expect(calledAt.length).toBeGreaterThan(1));
    expect(gapOf(calledAt)).toBeGreaterThanOrEqual(600);
  },
);

test('the names of senders are not looked up again before the time of a refusal', async () => {
  const calledAt = refuseFirst('GET /api/users', 600);
  await parts.join();
  server.say('hello');
  await eventually(() => expect(calledAt.length).toBeGreaterThan(0));
  server.say('hello again');
  await eventually(() => expect(calledAt.length).toBeGreaterThan(1));
  expect(gapOf(calledAt)).toBeGreaterThanOrEqual(600);
});

test('a refused call is not sent again before its time; other calls are', async () => {
  await parts.join();
  server.judgeRest = (call) => (call === 'GET /api/search' ? limited(60_000) : undefined);
  const search = () =>
    parts.chat.search('hello').then(
      () => undefined,
      (error: unknown) => error as ParleyError,
    );
  expect(await search()).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 60_000 });
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const error = await search();
    expect(error).toBeInstanceOf(ParleyError);
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(error?.retryAfterMs).toBeGreaterThan(0);
    expect(error?.retryAfterMs).toBeLessThanOrEqual(60_000);
  }
  expect(server.requests.filter((call) => call === 'GET /api/search')).toHaveLength(1);
  await expect(parts.chat.searchUsers('a')).resolves.toBeDefined();
});

test('a refused event is not sent again before its time, also not after a reconnect', async () => {
  const readAt: number[] = [];
  server.judgeRead = () => {
    readAt.push(performance.now());
    return readAt.length === 1 ? limited(1_500) : undefined;
  };
  server.readSeq = 0;
  const { seq } = server.say('hello');
  await parts.join();
  await parts.chat.open(LOBBY_ID);
  await eventually(() => expect(readAt).toHaveLength(1));
  await parts.reconnect();
  await eventually(() => expect(server.reads.at(-1)).toEqual({ conversationId: LOBBY_ID, seq }));
  await eventually(() => expect(readAt).toHaveLength(2));
  expect(gapOf(readAt)).toBeGreaterThanOrEqual(1_500);
});

test('a handshake that is refused with a time is not repeated before it, whatever the user does', async () => {
  const triedAt: number[] = [];
  server.admit = () => {
    triedAt.push(performance.now());
    return triedAt.length === 1 ? limited(1_000) : undefined;
  };
  await parts.chat.joinAsGuest('Me');
  await eventually(() => expect(parts.chat.getSnapshot().connection.phase).toBe('offline'));
  const { connection } = parts.chat.getSnapshot();
  expect(connection).toMatchObject({ error: { code: 'RATE_LIMITED', retryAfterMs: 1_000 } });
  expect(connection.phase === 'offline' && connection.retryAtMs).toBeGreaterThan(Date.now());
  for (let click = 0; click < 10; click += 1) parts.chat.retryNow();
  await eventually(() => expect(triedAt).toHaveLength(2));
  expect(gapOf(triedAt)).toBeGreaterThanOrEqual(1_000);
});

test('a handshake that nginx refuses has the code and the time of its reply', async () => {
  const body = limited(1_000);
  const triedAt: number[] = [];
  const nginx = createServer((incoming, response) => {
    // The WebSocket is tried first, and its reply cannot be read.
    if (incoming.url?.includes('transport=polling')) triedAt.push(performance.now());
    response.writeHead(429, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  });
  await once(nginx.listen(0, '127.0.0.1'), 'listening');
  const ignore = () => undefined;
  const connection = new Connection({
    url: `http://127.0.0.1:${(nginx.address() as AddressInfo).port}`,
    deviceId: 'device-1',
    accessToken: async () => 'token-1',
    refreshToken: async () => undefined,
    onState: ignore,
    handlers: {
      ...{ messages: ignore, stored: ignore, conversation: ignore, heads: ignore },
      ...{ typing: ignore, receipts: ignore, presence: ignore, 'server:draining': ignore, 'session:idle': ignore },
    },
  });
  try {
    connection.start();
    await eventually(() => expect(connection.state).toMatchObject({ phase: 'offline', error: { ...body } }));
    await eventually(() => expect(triedAt).toHaveLength(2));
    expect(gapOf(triedAt)).toBeGreaterThanOrEqual(1_000);
  } finally {
    connection.stop();
    nginx.close();
    nginx.closeAllConnections();
  }
});
