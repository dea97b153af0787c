import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Conversation, ErrorBody, Message, Receipt, SearchPage, User } from '@parley/protocol';
import { clientFile } from './browser/client-files.ts';
import { newErrorBody } from './new-error-body.ts';

/** The part of a server that the REST API reads and changes. */
export interface RestState {
  readonly url: string;
  readonly epoch: string;
  readonly me: User;
  readonly ada: User;
  readonly lobby: Conversation;
  readonly messages: readonly Message[];
  /** The seqs of messages that exist, but are in no page. */
  readonly holes: ReadonlySet<number>;
  readonly receipts: readonly Receipt[];
  readonly searchPage: SearchPage;
  readonly tokenLifeMs: number;
  readonly loginHolds: boolean;
  readonly requests: string[];
  readonly judgeRest: (call: string) => ErrorBody | undefined;
  title: string;
  isMember: boolean;
}

let tokens = 0;

/** The HTTP part of a `ProtocolServer`: the REST calls that the client uses, and the library's files for a browser. */
export async function answerRest(server: RestState, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', server.url);
  if (url.pathname.startsWith('/socket.io')) return;
  const call = `${request.method} ${url.pathname}`;
  server.requests.push(call);
  const reply = (status: number, body: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  const refusal = server.judgeRest(call);
  if (refusal) return reply(429, refusal);
  if (url.pathname.startsWith('/api/auth/')) {
    if (!server.loginHolds) return reply(401, newErrorBody('UNAUTHENTICATED'));
    tokens += 1;
    const expiresAt = new Date(Date.now() + server.tokenLifeMs).toISOString();
    const cookie = `parley_refresh=r${tokens}; HttpOnly; Path=/api/auth`;
    return reply(200, { user: server.me, accessToken: `t${tokens}`, expiresAt }, { 'set-cookie': cookie });
  }
  switch (call) {
    case 'GET /api/conversations':
      return reply(200, { conversations: server.isMember ? [server.lobby] : [], nextCursor: null });
    case 'PATCH /api/conversations/lobby':
      server.title = (JSON.parse(await text(request)) as { title: string }).title;
      return reply(200, server.lobby);
    case 'DELETE /api/conversations/lobby/members/u-me':
      server.isMember = false;
      return response.writeHead(204).end();
    case 'GET /api/conversations/lobby/receipts':
      return reply(200, { readers: server.receipts });
    case 'GET /api/conversations/lobby/messages':
      return reply(200, pageOf(server, url.searchParams));
    case 'GET /api/search':
      server.requests.push(`search ${url.searchParams}`);
      return reply(200, server.searchPage);
    case 'GET /api/users':
      return reply(200, { users: [server.ada] });
  }
  const file = await clientFile(url.pathname);
  if (!file) return reply(404, newErrorBody('NOT_FOUND'));
  return response.writeHead(200, { 'content-type': file.contentType }).end(file.body);
}

function pageOf({ messages: all, holes, epoch }: RestState, query: URLSearchParams) {
  const before = Number(query.get('before') ?? Number.MAX_SAFE_INTEGER);
  const limit = Number(query.get('limit') ?? 50);
  const older = all.filter(({ seq }) => seq < before && !holes.has(seq));
  const messages = older.slice(-limit);
  return { messages, headSeq: all.length, epoch, hasMore: older.length > messages.length };
}
