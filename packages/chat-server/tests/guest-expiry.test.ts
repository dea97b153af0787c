import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { openStore, type Store } from '@parley/message-store';
import type { UserId } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import {
  atFileEnd,
  callRest,
  callRestOnce,
  connectPeer,
  eventually,
  newGuest,
  newTemporaryDirectory,
} from '@parley/testing';
import { AccessTokens } from '../src/accounts/access-tokens.ts';
import { Accounts } from '../src/accounts/accounts.ts';
import { expireGuests } from '../src/accounts/expire-guests.ts';
import { PasswordWork } from '../src/accounts/password-work.ts';
import { newChatServer } from './new-chat-server.ts';

const DAY_MS = 24 * 3_600_000;

async function open(dataDir: string): Promise<Store> {
  const store = await openStore({ dataDir, mongodbUrl: undefined, logger: silentLogger() });
  atFileEnd(() => store.close());
  return store;
}

const newGuestRecord = (lastSignInAtMs: number) => ({
  id: randomUUID() as UserId,
  username: `guest-${randomUUID()}`,
  displayName: 'Absent',
  passwordHash: undefined,
  createdAtMs: lastSignInAtMs,
  lastSignInAtMs,
});

function newAccounts({ users, refreshTokens }: Store, guestTtlMs: number): Accounts {
  const accessTokens = new AccessTokens({ secret: 's'.repeat(32), ttlMs: 900_000 });
  return new Accounts({ users, refreshTokens, accessTokens, guestTtlMs, passwords: new PasswordWork({}) });
}

test('a refresh keeps a guest, and after the time without one it is refused', async () => {
  const store = await open(await newTemporaryDirectory());
  const guest = await newAccounts(store, DAY_MS).createGuest('Ada');
  const { id } = guest.signedIn.user;
  await store.users.recordSignIn(id, Date.now() + 1);
  const refreshed = await newAccounts(store, DAY_MS).refresh(guest.refreshToken);
  expect(await expireGuests(store.users, DAY_MS)).toBe(0);
  const before = (await store.users.findById(id))?.lastSignInAtMs ?? 0;
  // A tenth of this time has passed, so the next refresh is recorded.
  await eventually(() => expect(Date.now()).toBeGreaterThan(before + 200));
  const again = await newAccounts(store, 2_000).refresh(refreshed.refreshToken);
  expect((await store.users.findById(id))?.lastSignInAtMs).toBeGreaterThan(before);
  await eventually(() => expect(Date.now()).toBeGreaterThan(before + 500));
  await expect(newAccounts(store, 10).refresh(again.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  // The whole login has ended, also for a server with another setting.
  await expect(newAccounts(store, DAY_MS).refresh(again.refreshToken)).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});

test('an account never expires', async () => {
  const store = await open(await newTemporaryDirectory());
  const { refreshToken } = await newAccounts(store, 1).register('ada', 'a long password', undefined);
  await eventually(async () => expect(await expireGuests(store.users, 1)).toBe(0));
  expect((await newAccounts(store, 1).refresh(refreshToken)).signedIn.user.kind).toBe('account');
});

test('an expired guest cannot sign in and is not listed, and keeps its name and messages', async () => {
  const server = await newChatServer();
  const store = await open(server.dataDir);
  const [ada, bo] = [await newGuest(server.url, 'Ada Former'), await newGuest(server.url, 'Bo')];
  const peer = await connectPeer(server.url, ada.token);
  expect(await peer.send('lobby', 'one', 'Remember me')).toMatchObject({ ok: true });
  peer.close();
  const find = async (query: string) => {
    const { body } = await callRest<{ users: { id: string; displayName: string }[] }>(
      server.url,
      'GET',
      `/api/users?${query}`,
      {
        token: bo.token,
      },
    );
    return body.users.map(({ displayName }) => displayName);
  };
  expect(await find('query=former')).toEqual(['Ada Former']);
  await store.users.recordSignIn(bo.id as UserId, Date.now() + DAY_MS);
  const inAnHour = Date.now() + 3_600_000;
  expect(await store.users.expireGuests({ lastSignInBeforeMs: inAnHour, expiredAtMs: inAnHour, limit: 10 })).toBe(1);

  const refresh = await callRestOnce(server.url, 'POST', '/api/auth/refresh', { cookie: ada.cookie });
  expect(refresh).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  expect(await find('query=former')).toEqual([]);
  expect(await find('query=')).not.toContain('Ada Former');
  expect(await find(`ids=${ada.id}`)).toEqual(['Ada Former']);
  const { body } = await callRest<{ messages: { text?: string; senderId: string }[] }>(
    server.url,
    'GET',
    '/api/conversations/lobby/messages?after=0&limit=10',
    { token: bo.token },
  );
  expect(body.messages).toMatchObject([{ text: 'Remember me', senderId: ada.id }]);
});

test('a chat server expires guests in the background, in bounded writes', async () => {
  const dataDir = await newTemporaryDirectory();
  const store = await open(dataDir);
  const absent = Array.from({ length: 450 }, () => newGuestRecord(Date.now() - 31 * DAY_MS));
  const present = newGuestRecord(Date.now() - 29 * DAY_MS);
  await Promise.all([present, ...absent].map((guest) => store.users.create(guest)));
  const server = await newChatServer({ DATA_DIR: dataDir });
  await eventually(async () => {
    const found = await store.users.findMany(absent.map(({ id }) => id));
    expect(found.filter(({ expiredAtMs }) => expiredAtMs !== undefined)).toHaveLength(absent.length);
  });
  expect(await store.users.findById(present.id)).toEqual(present);
  await eventually(async () => expect((await server.metric('chat_guests_expired_total')).get('')).toBe(absent.length));
});
