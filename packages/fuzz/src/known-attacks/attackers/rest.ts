// Attacks by REST.
import { randomUUID } from 'node:crypto';
import type { KnownAttack } from '../known-attack.ts';
import { newAccount, newAccounts, newGroups, writeHistory } from './accounts.ts';
import { HttpClient, repeat } from './http-client.ts';

const ADDRESSES = 4;
const MAX_CALLS = 100_000;
const PARALLEL_LOG_INS = 200;
/** In production, one user may create 60 conversations in an hour. */
const GROUP_OWNERS = 20;
const GROUPS = 1_001;
const PARALLEL_GROUPS = 16;
const PARALLEL_LISTS = 4;
const PARALLEL_GUESTS = 32;
const MAX_GUESTS = 20_000;
const PARALLEL_SEARCHES = 16;
const SEARCHED_MESSAGES = 4_000;
/** The start of a word for each letter: every message matches, and the index is read as a whole. */
const SEARCH = '/api/search?limit=200&q=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q+r+s+t+u+v+w+x+y+z';

export const logIns: KnownAttack = {
  name: 'log-ins',
  summary: `${PARALLEL_LOG_INS} parallel log-ins with random names from ${ADDRESSES} addresses`,
  newcomerWithinMs: 5_000,
  prepare: async (stage) => async (_, signal) => {
    const clients = Array.from({ length: ADDRESSES }, (_, number) => new HttpClient(stage.from(number)));
    await repeat({ parallel: PARALLEL_LOG_INS, max: MAX_CALLS, signal }, async (worker) => {
      const body = { username: `nobody-${randomUUID()}`, password: 'not the password' };
      const reply = await (clients[worker % ADDRESSES] as HttpClient).call('POST', '/api/auth/login', { body });
      stage.count(`log-ins answered with ${reply.status}`);
    });
  },
};

export const groups: KnownAttack = {
  name: 'groups',
  summary: `${GROUP_OWNERS} users put a healthy user into ${GROUPS} groups, who then lists conversations`,
  async prepare(stage) {
    const owners = await newAccounts(stage, GROUP_OWNERS);
    return async ([victim], signal) => {
      let created = 0;
      await repeat({ parallel: PARALLEL_GROUPS, max: GROUPS, signal }, async () => {
        const owner = owners[created++ % owners.length];
        const body = { kind: 'group', title: 'Join us', memberIds: [victim] };
        const reply = await owner?.http.call('POST', '/api/conversations', { token: owner.token, body });
        stage.count(`groups answered with ${reply?.status}`);
      });
    };
  },
};

export const listConversations: KnownAttack = {
  name: 'list-conversations',
  summary: `a member of ${GROUPS} groups lists conversations, ${PARALLEL_LISTS} at a time`,
  hasHistory: true,
  async prepare(stage) {
    const { http, token, ...account } = await newAccount(stage);
    await newGroups({ ...account, http, token }, GROUPS);
    return (_, signal) =>
      repeat({ parallel: PARALLEL_LISTS, max: MAX_CALLS, signal }, async () => {
        const { status } = await http.call('GET', '/api/conversations', { token });
        stage.count(`lists answered with ${status}`);
      });
  },
};

export const guests: KnownAttack = {
  name: 'guests',
  summary: `guests as fast as the cluster creates them, from ${ADDRESSES} addresses`,
  settings: { ALLOW_GUESTS: 'true' },
  prepare: async (stage) => async (_, signal) => {
    const clients = Array.from({ length: ADDRESSES }, (_, number) => new HttpClient(stage.from(number)));
    await repeat({ parallel: PARALLEL_GUESTS, max: MAX_GUESTS, signal }, async (worker) => {
      const client = clients[worker % ADDRESSES] as HttpClient;
      const { status } = await client.call('POST', '/api/auth/guest', { body: { displayName: 'Mallory' } });
      stage.count(`guests answered with ${status}`);
    });
  },
};

export const searches: KnownAttack = {
  name: 'searches',
  summary: `searches of 26 prefixes in ${SEARCHED_MESSAGES} long messages, ${PARALLEL_SEARCHES} at once`,
  hasHistory: true,
  async prepare(stage) {
    const { http, token, ...account } = await newAccount(stage);
    await writeHistory(
      stage,
      { ...account, http, token },
      'lobby',
      Array.from({ length: SEARCHED_MESSAGES }, longText),
    );
    return (_, signal) =>
      repeat({ parallel: PARALLEL_SEARCHES, max: MAX_CALLS, signal }, async () => {
        const { status } = await http.call('GET', SEARCH, { token });
        stage.count(`searches answered with ${status}`);
      });
  },
};

/** 4,000 characters of random words, which begin with all letters. */
function longText(): string {
  const word = (_: unknown, index: number) =>
    String.fromCharCode(97 + (index % 26)) + Math.floor(Math.random() * 1e6).toString(36);
  return Array.from({ length: 700 }, word).join(' ').slice(0, 4_000);
}
