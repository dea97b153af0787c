import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SeenMessage } from './chat-peer.ts';

export interface TestUser {
  id: string;
  displayName: string;
  token: string;
  /** The refresh cookie as sent in a `Cookie` header. */
  cookie: string;
}

export interface RestReply<T> {
  status: number;
  body: T;
  headers: Headers;
  /** Number of attempts. An attempt that failed with 503 may have taken effect. */
  tries: number;
}

export interface RestOptions {
  token?: string;
  cookie?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** How long a call may take, and for how long it is repeated. */
const TIMEOUT_MS = 60_000;
const RETRY_MS = 500;

/** Makes a REST call with a JSON body. Retries while the reply is 503. */
export async function callRest<T = Record<string, unknown>>(
  url: string,
  method: string,
  path: string,
  options: RestOptions = {},
): Promise<RestReply<T>> {
  const endsAt = performance.now() + TIMEOUT_MS;
  for (let tries = 1; ; tries += 1) {
    const reply = await callRestOnce<T>(url, method, path, options);
    if (reply.status !== 503 || performance.now() > endsAt) return { ...reply, tries };
    await pause(RETRY_MS);
  }
}

/** Makes one REST call, for tests of the error itself and for calls that must not be repeated. */
export async function callRestOnce<T = Record<string, unknown>>(
  url: string,
  method: string,
  path: string,
  options: RestOptions = {},
): Promise<RestReply<T>> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (options.token) headers.authorization = `Bearer ${options.token}`;
  if (options.cookie) headers.cookie = options.cookie;
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as T,
    headers: response.headers,
    tries: 1,
  };
}

/** Returns the refresh cookie of a reply. */
export const cookieOf = (reply: RestReply<unknown>): string => reply.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';

/** Creates a guest. */
export async function newGuest(url: string, displayName: string): Promise<TestUser> {
  const reply = await callRest<{ user: { id: string }; accessToken: string }>(url, 'POST', '/api/auth/guest', {
    body: { displayName },
  });
  if (reply.status !== 201) throw new Error(`guest not created: ${reply.status} ${JSON.stringify(reply.body)}`);
  return { id: reply.body.user.id, displayName, token: reply.body.accessToken, cookie: cookieOf(reply) };
}

/** Registers a user. */
export async function newAccount(url: string, username: string, password = randomUUID()): Promise<TestUser> {
  const reply = await callRest<{ user: { id: string }; accessToken: string }>(url, 'POST', '/api/auth/register', {
    body: { username, password },
  });
  if (reply.status !== 201) throw new Error(`not registered: ${reply.status} ${JSON.stringify(reply.body)}`);
  return { id: reply.body.user.id, displayName: username, token: reply.body.accessToken, cookie: cookieOf(reply) };
}

/** Creates guests, 20 at a time. */
export async function newGuests(url: string, count: number, prefix = 'Guest'): Promise<TestUser[]> {
  const guests: TestUser[] = [];
  for (let first = 0; first < count; first += 20) {
    const size = Math.min(20, count - first);
    guests.push(
      ...(await Promise.all(Array.from({ length: size }, (_, i) => newGuest(url, `${prefix} ${first + i}`)))),
    );
  }
  return guests;
}

/** Creates a conversation and returns its id. */
export async function newConversation(url: string, owner: TestUser, payload: object): Promise<string> {
  const reply = await callRest<{ id: string }>(url, 'POST', '/api/conversations', {
    token: owner.token,
    body: payload,
  });
  if (reply.status > 201) throw new Error(`conversation not created: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.id;
}

/** Removes a member from a conversation. @returns the number of attempts */
export async function removeMember(
  url: string,
  actor: TestUser,
  conversationId: string,
  memberId: string,
): Promise<number> {
  const path = `/api/conversations/${conversationId}/members/${memberId}`;
  const { status, body, tries } = await callRest(url, 'DELETE', path, { token: actor.token });
  if (status !== 204) throw new Error(`member not removed: ${status} ${JSON.stringify(body)}`);
  return tries;
}

/** Returns the whole history of a conversation, oldest first. */
export async function readHistory(url: string, token: string, conversationId: string): Promise<SeenMessage[]> {
  const history: SeenMessage[] = [];
  for (;;) {
    const path = `/api/conversations/${conversationId}/messages?limit=200&after=${history.at(-1)?.seq ?? 0}`;
    const { body } = await callRest<{ messages: SeenMessage[]; hasMore: boolean }>(url, 'GET', path, { token });
    history.push(...body.messages);
    if (!body.hasMore || body.messages.length === 0) return history;
  }
}
