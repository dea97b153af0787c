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
}

/** One REST call with a JSON body. */
export async function callRest<T = Record<string, unknown>>(
  url: string,
  method: string,
  path: string,
  options: { token?: string; cookie?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<RestReply<T>> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (options.token) headers.authorization = `Bearer ${options.token}`;
  if (options.cookie) headers.cookie = options.cookie;
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as T,
    headers: response.headers,
  };
}

const MAX_TRIES = 60;

/** Does what a test needs before it begins: asks again where Redis or the store did not answer in time. */
async function untilAvailable<T>(call: () => Promise<RestReply<T>>): Promise<RestReply<T>> {
  for (let tries = 1; ; tries += 1) {
    const reply = await call();
    if (reply.status !== 503 || tries === MAX_TRIES) return reply;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The refresh cookie that an answer sets. */
export const cookieOf = (reply: RestReply<unknown>): string => reply.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';

/** Enters as a guest. */
export async function newGuest(url: string, displayName: string): Promise<TestUser> {
  const reply = await untilAvailable(() =>
    callRest<{ user: { id: string }; accessToken: string }>(url, 'POST', '/api/auth/guest', { body: { displayName } }),
  );
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
  const reply = await untilAvailable(() =>
    callRest<{ id: string }>(url, 'POST', '/api/conversations', { token: owner.token, body: payload }),
  );
  if (reply.status > 201) throw new Error(`no conversation: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.id;
}
