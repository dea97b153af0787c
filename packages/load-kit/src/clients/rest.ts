import type { Conversation, ConversationId, ErrorBody, MessagePage, SignedIn, UserId } from '@parley/protocol';
import { pause } from '@parley/service-kit';

const CALL_DEADLINE_MS = 10_000;
const RETRY_MS = 500;
const MAX_ATTEMPTS = 20;

export interface Account {
  readonly userId: UserId;
  readonly token: string;
}

export interface RetryOptions {
  readonly signal?: AbortSignal;
  /** Called before each wait. */
  readonly onWait?: (waitMs: number) => void;
}

/** A REST call that was answered with an error status. */
export class RestError extends Error {
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(call: string, status: number, text: string) {
    super(`${call}: ${status} ${text}`);
    const { retryable, retryAfterMs } = parseErrorBody(text);
    this.retryable = retryable ?? status >= 502; // nginx answers with a page when no server is ready
    this.retryAfterMs = retryAfterMs;
  }
}

/** Creates a guest account. Retries while the cluster is unavailable or limits sign-ups. */
export async function signUpGuest(url: string, displayName: string, retry: RetryOptions = {}): Promise<Account> {
  const request = { body: { displayName } };
  const attempt = () => call<SignedIn>(url, 'POST', '/api/auth/guest', request);
  const { user, accessToken } = await retryWhileUnavailable(attempt, retry);
  return { userId: user.id, token: accessToken };
}

/** Creates a conversation between the owner of the token and these members. */
export async function createConversation(
  url: string,
  { token }: Pick<Account, 'token'>,
  body: { kind: 'group' | 'direct' | 'channel'; memberIds?: readonly UserId[]; title?: string },
  retry: RetryOptions = {},
): Promise<ConversationId> {
  const attempt = () => call<Conversation>(url, 'POST', '/api/conversations', { token, body });
  return (await retryWhileUnavailable(attempt, retry)).id;
}

/** Returns the messages after `afterSeq`, oldest first. Retries until it gets them or the signal aborts. */
export async function readPage(
  url: string,
  reader: Account,
  conversationId: string,
  afterSeq: number,
  signal: AbortSignal,
): Promise<MessagePage> {
  for (;;) {
    try {
      const path = `/api/conversations/${conversationId}/messages?after=${afterSeq}&limit=200`;
      return await call<MessagePage>(url, 'GET', path, { token: reader.token });
    } catch (error) {
      if (signal.aborted) throw error;
    }
    await pause(RETRY_MS, signal);
  }
}

async function retryWhileUnavailable<T>(
  attempt: () => Promise<T>,
  { signal = new AbortController().signal, onWait }: RetryOptions,
): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    let waitMs = RETRY_MS;
    try {
      return await attempt();
    } catch (error) {
      const isFinal = error instanceof RestError && !error.retryable;
      if (isFinal || attempts === MAX_ATTEMPTS) throw error;
      if (error instanceof RestError) waitMs = error.retryAfterMs ?? RETRY_MS;
    }
    onWait?.(waitMs);
    await pause(waitMs, signal);
    signal.throwIfAborted();
  }
}

async function call<T>(
  url: string,
  method: 'GET' | 'POST',
  path: string,
  { token, body }: { token?: string; body?: object },
): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  if (!response.ok) throw new RestError(`${method} ${path}`, response.status, await response.text());
  return (await response.json()) as T;
}

function parseErrorBody(text: string): Partial<ErrorBody> {
  try {
    return JSON.parse(text) as Partial<ErrorBody>;
  } catch {
    return {};
  }
}
