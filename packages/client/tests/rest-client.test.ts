import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import type { Conversation } from '@parley/protocol';
import { RestClient } from '../src/rest-client.ts';

const conversation = (id: string) =>
  ({ id, kind: 'group', title: id, members: [], headSeq: 0 }) as unknown as Conversation;

/** By cursor. While the pages are read, a message moves `c5` from the last page to the first. */
const PAGES: Record<string, { ids: string[]; nextCursor: string | null }> = {
  '': { ids: ['lobby', 'c1', 'c2'], nextCursor: '2.c2' },
  '2.c2': { ids: ['c3', 'c4'], nextCursor: '1.c4' },
  '1.c4': { ids: [], nextCursor: null },
};
const MOVED = { ids: ['lobby', 'c5', 'c1'], nextCursor: '3.c1' };

const requested: string[] = [];
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://localhost');
  response.setHeader('content-type', 'application/json');
  if (url.pathname === '/api/auth/guest') {
    const expiresAt = new Date(Date.now() + 900_000).toISOString();
    response.end(JSON.stringify({ user: { id: 'u-me' }, accessToken: 't', expiresAt }));
    return;
  }
  const cursor = url.searchParams.get('cursor') ?? '';
  const page = requested.length >= 3 ? MOVED : PAGES[cursor];
  requested.push(cursor);
  response.end(JSON.stringify({ conversations: page?.ids.map(conversation), nextCursor: page?.nextCursor }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => void server.close());

test('all pages of the list are loaded, and a conversation that moves to the front during the load is not missed', async () => {
  const rest = new RestClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await rest.joinAsGuest('Me');
  const ids = (await rest.conversations()).map(({ id }) => id as string);
  expect(ids.sort()).toEqual(['c1', 'c2', 'c3', 'c4', 'c5', 'lobby']);
  expect(requested).toEqual(['', '2.c2', '1.c4', '']);
  rest.close();
});
