import type { UserStore } from '@parley/message-store';

/** The most guests that one write expires, so that other writes of the store do not wait for long. */
const BATCH_GUESTS = 200;

/** The most batches of a round. The next round continues. */
const MAX_BATCHES = 50;

/** Expires guests that have not signed in within `ttlMs`. Any number of servers may do it at once. @returns how many */
export async function expireGuests(users: UserStore, ttlMs: number): Promise<number> {
  const expiredAtMs = Date.now();
  let expired = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const limit = BATCH_GUESTS;
    const count = await users.expireGuests({ lastSignInBeforeMs: expiredAtMs - ttlMs, expiredAtMs, limit });
    expired += count;
    if (count < limit) break;
  }
  return expired;
}
