import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, createConversation, RestError, type RetryOptions, signUpGuest } from '@parley/load-kit/clients';
import { ConfigError } from '@parley/service-kit';
import type { Scenario, UserPool } from './scenario-file.ts';

const CONCURRENCY = 20;
const REPORTED_WAIT_MS = 5_000;
const FIELDS = ['name', 'userId', 'token', 'conversationId'] as const;

export interface User extends Account {
  readonly name: string;
  readonly conversationId: string;
}

/** The users of one Artillery process, and the CSV file from which it reads them. */
export interface UserGroup {
  readonly pool: UserPool;
  readonly users: readonly User[];
  readonly csvFile: string;
}

export const CSV_FIELDS: readonly string[] = FIELDS;

/** Creates the users of all pools and their conversations. Waits while the cluster limits sign-ups. */
export async function createUsers(
  scenario: Scenario,
  {
    url,
    directory,
    signal,
    report,
  }: { url: string; directory: string; signal: AbortSignal; report: (line: string) => void },
): Promise<UserGroup[]> {
  const retry: RetryOptions = {
    signal,
    onWait: (waitMs) => {
      if (waitMs > REPORTED_WAIT_MS) report(`sign-ups are limited: waiting ${Math.ceil(waitMs / 1_000)} s`);
    },
  };
  const groups: UserGroup[] = [];
  for (const pool of scenario.pools) {
    const accounts = await inParallel(pool.users, (index) => signUp(url, `${pool.scenario}-${index + 1}`, retry));
    const users = await inParallel(pool.users, async (index): Promise<User> => {
      const account = accounts[index] as (typeof accounts)[number];
      if (pool.conversation === 'lobby') return { ...account, conversationId: 'lobby' };
      const partner = accounts[index ^ 1] ?? (accounts[0] as (typeof accounts)[number]);
      const payload = { kind: 'direct', memberIds: [partner.userId] } as const;
      return { ...account, conversationId: await createConversation(url, account, payload, retry) };
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

/** @throws ConfigError if nothing answers at the URL */
async function signUp(url: string, name: string, retry: RetryOptions): Promise<Account & { name: string }> {
  try {
    return { name, ...(await signUpGuest(url, name, retry)) };
  } catch (error) {
    if (error instanceof RestError || retry.signal?.aborted) throw error;
    throw new ConfigError(`${url} does not answer: ${(error as Error).cause ?? error}`, { cause: error });
  }
}

/** Returns the results of `make` for 0 … count - 1, in that order. */
async function inParallel<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next; index < count; index = next) {
      next += 1;
      results[index] = await make(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, work));
  return results;
}
