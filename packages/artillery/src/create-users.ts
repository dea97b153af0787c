import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, createConversation } from '@parley/load-kit/clients';
import type { ErrorBody, SignedIn } from '@parley/protocol';
import { ConfigError, pause } from '@parley/service-kit';
import type { Scenario, UserPool } from './scenario-file.ts';

const AT_ONCE = 20;
const CALL_DEADLINE_MS = 10_000;
const MOST_TRIES = 20;
const RETRY_MS = 500;
const FIELDS = ['name', 'userId', 'token', 'conversationId'] as const;

export interface User extends Account {
  readonly name: string;
  readonly conversationId: string;
}

/** One Artillery process to come: its pool, its users, and the CSV that tells it of them. */
export interface UserGroup {
  readonly pool: UserPool;
  readonly users: readonly User[];
  readonly csvFile: string;
}

export const CSV_FIELDS: readonly string[] = FIELDS;

/** Makes the users of all pools and their conversations. Where the cluster limits sign-ups, it takes the time that takes. */
export async function createUsers(
  scenario: Scenario,
  {
    url,
    directory,
    signal,
    report,
  }: { url: string; directory: string; signal: AbortSignal; report: (line: string) => void },
): Promise<UserGroup[]> {
  const groups: UserGroup[] = [];
  for (const pool of scenario.pools) {
    const accounts = await inParallel(pool.users, (index) =>
      signUp(url, `${pool.scenario}-${index + 1}`, signal, report),
    );
    const users = await inParallel(pool.users, async (index): Promise<User> => {
      const account = accounts[index] as (typeof accounts)[number];
      if (pool.conversation === 'lobby') return { ...account, conversationId: 'lobby' };
      const partner = accounts[index ^ 1] ?? (accounts[0] as (typeof accounts)[number]);
      const payload = { kind: 'direct', memberIds: [partner.userId] } as const;
      return { ...account, conversationId: await createConversation(url, account, payload) };
    });
    for (let part = 0; part < pool.processes; part += 1) {
      const csvFile = join(directory, `${pool.scenario}-${part + 1}.csv`);
      const share = users.filter((_, index) => index % pool.processes === part);
      writeFileSync(csvFile, share.map((user) => `${FIELDS.map((field) => user[field]).join(',')}\n`).join(''));
      groups.push({ pool, users: share, csvFile });
    }
  }
  return groups;
}

async function signUp(
  url: string,
  name: string,
  signal: AbortSignal,
  report: (line: string) => void,
): Promise<Account & { name: string }> {
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(`${url}/api/auth/guest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ displayName: name }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_DEADLINE_MS)]),
    }).catch((cause: Error) => {
      throw new ConfigError(`${url} does not answer: ${cause.cause ?? cause.message}`, { cause });
    });
    if (response.ok) {
      const { user, accessToken } = (await response.json()) as SignedIn;
      return { name, userId: user.id, token: accessToken };
    }
    const text = await response.text();
    const error = parseError(text);
    if (!error?.retryable || tries >= MOST_TRIES) throw new Error(`${name} was not let in as a guest: ${text}`);
    const waitMs = error.retryAfterMs ?? RETRY_MS;
    if (tries === 1 && waitMs > 5_000) report(`sign-ups are limited there: waiting ${Math.ceil(waitMs / 1_000)} s`);
    await pause(waitMs, signal);
    signal.throwIfAborted();
  }
}

function parseError(text: string): Partial<ErrorBody> | undefined {
  try {
    return JSON.parse(text) as Partial<ErrorBody>;
  } catch {
    return undefined;
  }
}

/** The results of 0 … count - 1, in that order. */
async function inParallel<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next; index < count; index = next) {
      next += 1;
      results[index] = await make(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work));
  return results;
}
