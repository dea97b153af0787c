import type { Conversation, ConversationId, MessagePage, SignedIn, UserId } from '@parley/protocol';
import { pause } from '@parley/service-kit';

const CALL_DEADLINE_MS = 10_000;
const RETRY_MS = 500;

export interface Account {
  readonly userId: UserId;
  readonly token: string;
}

/** Enters as a guest. */
export async function signUpGuest(url: string, displayName: string): Promise<Account> {
  const { user, accessToken } = await call<SignedIn>(url, 'POST', '/api/auth/guest', { body: { displayName } });
  return { userId: user.id, token: accessToken };
}

/** Creates a conversation with these members besides the owner. */
export async function createConversation(
  url: string,
  owner: Account,
  kind: 'group' | 'direct',
  memberIds: readonly UserId[],
): Promise<ConversationId> {
  const body = { kind, memberIds, ...(kind === 'group' && { title: `Group of ${memberIds.length + 1}` }) };
  return (await call<Conversation>(url, 'POST', '/api/conversations', { token: owner.token, body })).id;
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
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
