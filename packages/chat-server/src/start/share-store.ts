import type { Store } from '@parley/message-store';
import { FairLimiter, type FairLimiterOptions } from '@parley/service-kit';
import { currentCaller } from '../caller.ts';
import { type ChatServerMetrics, countRefused } from '../metrics.ts';

/** Calls that compete for the same resource: reading, writing, searching. */
type Lane = 'read' | 'write' | 'search';

/**
 * The calls of all callers. The database works on few calls at a time, so more than these only wait there, in their order of arrival.
 * A search keeps a core busy for up to seconds.
 */
const LANES: Readonly<Record<Lane, FairLimiterOptions>> = {
  read: { limit: 64, limitPerKey: 16, maxWaiting: 8_192, maxWaitingPerKey: 512, maxWaitMs: 5_000, retryAfterMs: 1_000 },
  write: {
    limit: 64,
    limitPerKey: 16,
    maxWaiting: 8_192,
    maxWaitingPerKey: 512,
    maxWaitMs: 5_000,
    retryAfterMs: 1_000,
  },
  search: { limit: 2, limitPerKey: 1, maxWaiting: 64, maxWaitingPerKey: 4, maxWaitMs: 5_000, retryAfterMs: 2_000 },
};

/** The lane of each method of a part of the store. */
type LanesOf<Part> = Readonly<Record<keyof Part, Lane>>;

const MESSAGES: LanesOf<Store['messages']> = {
  saveBatch: 'write',
  readRange: 'read',
  headSeq: 'read',
  headSeqs: 'read',
  fillGaps: 'write',
  withdraw: 'write',
  findById: 'read',
  findSent: 'read',
  sentSince: 'read',
  isEmpty: 'read',
  search: 'search',
};

const USERS: LanesOf<Store['users']> = {
  create: 'write',
  recordSignIn: 'write',
  expireGuests: 'write',
  findById: 'read',
  findMany: 'read',
  findByUsername: 'read',
  search: 'read',
};

const CONVERSATIONS: LanesOf<Store['conversations']> = {
  create: 'write',
  createDirect: 'write',
  findById: 'read',
  findDirect: 'read',
  listFor: 'read',
  listPage: 'read',
  countMemberships: 'read',
  rename: 'write',
  addMembers: 'write',
  removeMember: 'write',
  members: 'read',
  isMember: 'read',
  membersAmong: 'read',
  membershipsAmong: 'read',
};

const REFRESH_TOKENS: LanesOf<Store['refreshTokens']> = {
  issue: 'write',
  rotate: 'write',
  endFamilyOf: 'write',
  deleteExpired: 'write',
};

const MARKERS: LanesOf<Store['markers']> = { saveBatch: 'write', listForUser: 'read', listForConversation: 'read' };

const LAST_SEEN: LanesOf<Store['lastSeen']> = { saveBatch: 'write', findMany: 'read' };

type Method = (...args: never[]) => Promise<unknown>;

/**
 * Returns the store with a fair share of its calls for each caller (`caller.ts`). A caller with many calls delays and refuses only its
 * own ones. Calls of the server itself do not wait. A call may reject with `LimitExceeded`; it then had no effect.
 */
export function shareStore(store: Store, metrics: ChatServerMetrics): Store {
  const limiters = {
    read: new FairLimiter({ ...LANES.read, onRefused: countRefused(metrics, 'store-read') }),
    write: new FairLimiter({ ...LANES.write, onRefused: countRefused(metrics, 'store-write') }),
    search: new FairLimiter({ ...LANES.search, onRefused: countRefused(metrics, 'search') }),
  };

  function share<Part extends object>(part: Part, lanes: LanesOf<Part>): Part {
    const methods = Object.entries(part as Record<string, Method>).map(([name, method]) => {
      const limiter = limiters[lanes[name as keyof Part]];
      const shared: Method = (...args) => {
        const caller = currentCaller();
        return caller === undefined ? method(...args) : limiter.run(caller, () => method(...args));
      };
      return [name, shared] as const;
    });
    return Object.fromEntries(methods) as Part;
  }

  return {
    messages: share(store.messages, MESSAGES),
    users: share(store.users, USERS),
    conversations: share(store.conversations, CONVERSATIONS),
    refreshTokens: share(store.refreshTokens, REFRESH_TOKENS),
    markers: share(store.markers, MARKERS),
    lastSeen: share(store.lastSeen, LAST_SEEN),
    ping: () => store.ping(),
    close: () => store.close(),
  };
}
