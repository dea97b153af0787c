import { randomUUID } from 'node:crypto';
import type { Stage } from '../known-attack.ts';
import { HttpClient, repeat } from './http-client.ts';
import { openSession, request } from './socket-client.ts';

/** In production, one address may create ten accounts a minute. */
const ACCOUNTS_PER_ADDRESS = 9;
const PARALLEL = 8;
const SENT_AT_ONCE = 32;

export interface AttackerAccount {
  readonly userId: string;
  readonly token: string;
  /** The number of its address. */
  readonly address: number;
  readonly http: HttpClient;
}

/** Creates accounts from as many addresses as needed. @param firstAddress the number of the first address */
export function newAccounts(
  stage: Stage,
  count: number,
  kind: 'account' | 'guest' = 'account',
  firstAddress = 0,
): Promise<AttackerAccount[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const address = firstAddress + Math.floor(index / ACCOUNTS_PER_ADDRESS);
      const http = new HttpClient(stage.from(address));
      const [path, body] =
        kind === 'guest'
          ? ['/api/auth/guest', { displayName: `Mallory ${index}` }]
          : ['/api/auth/register', { username: `mallory-${randomUUID()}`, password: 'mallory-mallory' }];
      const reply = await http.callUntilDone<{ user: { id: string }; accessToken: string }>('POST', path, { body });
      return { userId: reply.user.id, token: reply.accessToken, address, http };
    }),
  );
}

export async function newAccount(stage: Stage): Promise<AttackerAccount> {
  const [account] = await newAccounts(stage, 1);
  if (!account) throw new Error('no account was created');
  return account;
}

export async function newGroup({ http, token }: AttackerAccount, title = 'Open'): Promise<string> {
  const body = { kind: 'group', title, memberIds: [] };
  const { id } = await http.callUntilDone<{ id: string }>('POST', '/api/conversations', { token, body });
  return id;
}

/** Creates `count` groups of one user. */
export function newGroups(account: AttackerAccount, count: number): Promise<void> {
  const limits = { parallel: PARALLEL, max: count, signal: new AbortController().signal };
  return repeat(limits, async () => void (await newGroup(account)));
}

/** Sends messages until all are acked. @throws Error if there is no session */
export async function writeHistory(stage: Stage, account: AttackerAccount, conversationId: string, texts: string[]) {
  const session = await openSession(stage.from(account.address), account.token);
  if (typeof session === 'string') throw new Error(`no session to write the history with: ${session}`);
  const limits = { parallel: SENT_AT_ONCE, max: texts.length, signal: new AbortController().signal };
  await repeat(limits, async () => {
    const message = { conversationId, clientMessageId: randomUUID(), kind: 'text', text: texts.pop() };
    while (session.isOpen && !(await request(session, 'message:send', message))?.includes('"ok":true'));
  });
  const isComplete = session.isOpen;
  session.close();
  if (!isComplete) throw new Error('the session ended while the history was written');
}
