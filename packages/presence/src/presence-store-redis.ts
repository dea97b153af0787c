import type { UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { Leadership, PresenceStore, SeenUser, ShownState, UserPresence } from './presence-store.ts';

const script = (name: string, numberOfKeys: number) =>
  loadScript(new URL(`./scripts/${name}.lua`, import.meta.url), numberOfKeys);

const scripts = {
  acquireLeadership: script('acquire-leadership', 1),
  releaseLeadership: script('release-leadership', 1),
  applyChanges: script('apply-changes', 5),
  setAway: script('set-away', 1),
};

/** Times of earlier releases that are read at once. */
const OLD_BATCH = 500;

export interface RedisPresenceStoreOptions {
  /** Prefix of the keys, by default `parley`. All keys share the hash tag `{presence}`. */
  keyPrefix?: string | undefined;
  /** Returns the last-seen times that the history store has. Default: none. */
  readStoredLastSeen?: (userIds: readonly UserId[]) => Promise<readonly SeenUser[]>;
}

/** Creates the presence store in Redis: a hash of shown users, a set of away users, a sorted set of recent last-seen times. */
export function createRedisPresenceStore(
  redis: RedisConnection,
  { keyPrefix = 'parley', readStoredLastSeen = async () => [] }: RedisPresenceStoreOptions = {},
): PresenceStore {
  const key = (name: string) => `${keyPrefix}:{presence}:${name}`;
  const shown = key('shown');
  const away = key('away');
  const seen = key('seen');
  /** HASH userId -> ms, of earlier releases, which never deleted a time. */
  const oldLastSeen = key('last-seen');
  const lastChanged = key('last-told');
  const leader = key('leader');

  return {
    async read(userIds) {
      if (userIds.length === 0) return [];
      const [states, recent, old] = await Promise.all([
        redis.hmget(shown, ...userIds),
        redis.zmscore(seen, ...userIds),
        redis.hmget(oldLastSeen, ...userIds),
      ]);
      const isUnknown = (_: UserId, index: number) => !states[index] && !recent[index];
      const unknown = userIds.filter(isUnknown);
      const stored = unknown.length === 0 ? [] : await readStoredLastSeen(unknown);
      const storedOf = new Map(stored.map(({ userId, lastSeenAtMs }) => [userId, lastSeenAtMs]));
      return userIds.map((userId, index): UserPresence => {
        const state = states[index];
        if (state) return { userId, state: state as ShownState };
        const lastSeenAtMs = Math.max(Number(recent[index]), Number(old[index]), storedOf.get(userId) ?? 0);
        return { userId, state: 'offline', lastSeenAtMs: lastSeenAtMs || undefined };
      });
    },

    async recentlySeen() {
      return toSeenUsers(await redis.zrange(seen, '-inf', '+inf', 'BYSCORE', 'WITHSCORES'));
    },

    async forgetSeen(beforeMs) {
      await redis.zremrangebyscore(seen, '-inf', `(${beforeMs}`);
    },

    async oldLastSeen() {
      const [, flat] = await redis.hscan(oldLastSeen, '0', 'COUNT', OLD_BATCH);
      return toSeenUsers(flat);
    },

    async deleteOldLastSeen(userIds) {
      if (userIds.length > 0) await redis.hdel(oldLastSeen, ...userIds);
    },

    async setAway(userId, isAway) {
      await runScript(redis, scripts.setAway, [away], [userId, Number(isAway)]);
    },

    async awayUsers() {
      return new Set((await redis.smembers(away)) as UserId[]);
    },

    async acquireLeadership(service, ttlMs) {
      return (await runScript(redis, scripts.acquireLeadership, [leader], [service, ttlMs])) as Leadership;
    },

    async releaseLeadership(service) {
      await runScript(redis, scripts.releaseLeadership, [leader], [service]);
    },

    async shown() {
      const [states, changed] = await Promise.all([redis.hgetall(shown), redis.smembers(lastChanged)]);
      return { users: new Map(Object.entries(states) as [UserId, ShownState][]), lastChanged: changed as UserId[] };
    },

    async applyChanges(service, changes, pendingUsers) {
      const pairs = changes.flatMap((presence) => [presence.userId, toValue(presence)]);
      const keys = [leader, shown, away, seen, lastChanged];
      const args = [service, changes.length, ...pairs, ...pendingUsers];
      return (await runScript(redis, scripts.applyChanges, keys, args)) === 1;
    },
  };
}

const toSeenUsers = (flat: readonly string[]): SeenUser[] =>
  Array.from({ length: flat.length / 2 }, (_, index) => ({
    userId: flat[2 * index] as UserId,
    lastSeenAtMs: Number(flat[2 * index + 1]),
  }));

const toValue = (presence: UserPresence): string =>
  presence.state === 'offline' ? String(presence.lastSeenAtMs ?? '') : presence.state;
