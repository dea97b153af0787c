import type { Conversation, ConversationId, MessagePage, SignedIn, UserId } from '@parley/protocol';
import { pause } from '@parley/service-kit';

const CALL_DEADLINE_MS = 10_000;
const RETRY_MS = 500;
/** A cluster that has just started may not answer everything at once. */
const MOST_TRIES = 20;

export interface Account {
  readonly userId: UserId;
  readonly token: string;
}

/** Enters as a guest. */
export async function signUpGuest(url: string, displayName: string): Promise<Account> {
  const request = { body: { displayName } };
  const { user, accessToken } = await untilAvailable(() => call<SignedIn>(url, 'POST', '/api/auth/guest', request));
  return { userId: user.id, token: accessToken };
}

/** Creates a conversation with these members besides the owner. */
export async function createConversation(
  url: string,
  { token }: Pick<Account, 'token'>,
  body: { kind: 'group' | 'direct' | 'channel'; memberIds?: readonly UserId[]; title?: string },
): Promise<ConversationId> {
  return (await untilAvailable(() => call<Conversation>(url, 'POST', '/api/conversations', { token, body }))).id;
}

/** The messages after `afterSeq`, oldest first; tries again until it gets them or the signal aborts. */
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

/** Tries again while there is no answer, or one that says that there may be a better one later. */
async function untilAvailable<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === MOST_TRIES || (error instanceof Refused && error.status !== 503)) throw error;
    }
    await pause(RETRY_MS);
  }
}

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
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
  if (!response.ok) {
    throw new Refused(response.status, `${method} ${path}: ${response.status} ${await response.text()}`);
  }
  return (await response.json()) as T;
}
