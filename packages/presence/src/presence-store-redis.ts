import type { UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { Leadership, PresenceStore, ShownState, UserPresence } from './presence-store.ts';

const script = (name: string, numberOfKeys: number) =>
  loadScript(new URL(`./scripts/${name}.lua`, import.meta.url), numberOfKeys);

const scripts = {
  acquireLeadership: script('acquire-leadership', 1),
  releaseLeadership: script('release-leadership', 1),
  applyChanges: script('apply-changes', 5),
  setAway: script('set-away', 1),
};

export interface RedisPresenceStoreOptions {
  /** Prefix of the keys, by default `parley`. All keys share the hash tag `{presence}`. */
  keyPrefix?: string | undefined;
}

/** Creates the presence store in Redis: a hash of shown users, a set of away users, a hash of last-seen times. */
export function createRedisPresenceStore(
  redis: RedisConnection,
  { keyPrefix = 'parley' }: RedisPresenceStoreOptions = {},
): PresenceStore {
  const key = (name: string) => `${keyPrefix}:{presence}:${name}`;
  const shown = key('shown');
  const away = key('away');
  const lastSeen = key('last-seen');
  const lastChanged = key('last-told');
  const leader = key('leader');

  return {
    async read(userIds) {
      if (userIds.length === 0) return [];
      const [states, times] = await Promise.all([redis.hmget(shown, ...userIds), redis.hmget(lastSeen, ...userIds)]);
      return userIds.map((userId, index): UserPresence => {
        const state = states[index];
        if (state) return { userId, state: state as ShownState };
        const lastSeenAt = times[index];
        return { userId, state: 'offline', lastSeenAtMs: lastSeenAt ? Number(lastSeenAt) : undefined };
      });
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
      const keys = [leader, shown, away, lastSeen, lastChanged];
      const args = [service, changes.length, ...pairs, ...pendingUsers];
      return (await runScript(redis, scripts.applyChanges, keys, args)) === 1;
    },
  };
}

const toValue = (presence: UserPresence): string =>
  presence.state === 'offline' ? String(presence.lastSeenAtMs ?? '') : presence.state;
