import { setTimeout as pause } from 'node:timers/promises';

export interface TestUser {
  id: string;
  displayName: string;
  token: string;
  /** The refresh cookie as it goes into a `Cookie` header. */
  cookie: string;
}

export interface RestReply<T> {
  status: number;
  body: T;
  headers: Headers;
  /** How often it was asked. A try before the last one was refused for a while, and may have been carried out nevertheless. */
  tries: number;
}

export interface RestOptions {
  token?: string;
  cookie?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** How long a call may take, and for how long it is repeated. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 500;

/** A REST call with a JSON body, repeated while it is told that a part of the cluster is away just now. */
export async function callRest<T = Record<string, unknown>>(
  url: string,
  method: string,
  path: string,
  options: RestOptions = {},
): Promise<RestReply<T>> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (let tries = 1; ; tries += 1) {
    const reply = await callRestOnce<T>(url, method, path, options);
    if (reply.status !== 503 || performance.now() > endsAt) return { ...reply, tries };
    await pause(RETRY_MS);
  }
}

/** One REST call: for tests of the refusal itself, and for what must not be repeated. */
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
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as T,
    headers: response.headers,
    tries: 1,
  };
}

/** The refresh cookie that an answer sets. */
export const cookieOf = (reply: RestReply<unknown>): string => reply.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';

/** Enters as a guest. */
export async function newGuest(url: string, displayName: string): Promise<TestUser> {
  const reply = await callRest<{ user: { id: string }; accessToken: string }>(url, 'POST', '/api/auth/guest', {
    body: { displayName },
  });
  if (reply.status !== 201) throw new Error(`no guest: ${reply.status} ${JSON.stringify(reply.body)}`);
  return { id: reply.body.user.id, displayName, token: reply.body.accessToken, cookie: cookieOf(reply) };
}

/** Enters as many guests as are asked for, a few at a time. */
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

/** Creates a conversation and gives its id. */
export async function newConversation(url: string, owner: TestUser, payload: object): Promise<string> {
  const reply = await callRest<{ id: string }>(url, 'POST', '/api/conversations', {
    token: owner.token,
    body: payload,
  });
  if (reply.status > 201) throw new Error(`no conversation: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.id;
}

/** Takes somebody out of a conversation. @returns how often that was asked */
export async function removeMember(
  url: string,
  actor: TestUser,
  conversationId: string,
  memberId: string,
): Promise<number> {
  const path = `/api/conversations/${conversationId}/members/${memberId}`;
  const { status, body, tries } = await callRest(url, 'DELETE', path, { token: actor.token });
  if (status !== 204) throw new Error(`not removed: ${status} ${JSON.stringify(body)}`);
  return tries;
}
