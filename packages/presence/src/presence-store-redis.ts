import type { UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { Leadership, PresenceBoard, PresenceDifference, ShownState } from './presence-board.ts';

const script = (name: string, numberOfKeys: number) =>
  loadScript(new URL(`./scripts/${name}.lua`, import.meta.url), numberOfKeys);

const scripts = { lead: script('lead', 1), stepDown: script('step-down', 1), show: script('show', 5) };

export interface RedisPresenceBoardOptions {
  /** What the keys begin with; the default is `parley`. All share the hash tag `{presence}`. */
  keyPrefix?: string | undefined;
}

/** The board in Redis: a hash of those who are there, a set of those who are away, a hash of when the others were last seen. */
export function createRedisPresenceBoard(
  redis: RedisConnection,
  { keyPrefix = 'parley' }: RedisPresenceBoardOptions = {},
): PresenceBoard {
  const key = (name: string) => `${keyPrefix}:{presence}:${name}`;
  const shown = key('shown');
  const away = key('away');
  const lastSeen = key('last-seen');
  const lastTold = key('last-told');
  const leader = key('leader');

  return {
    async read(userIds) {
      if (userIds.length === 0) return [];
      const [states, times] = await Promise.all([redis.hmget(shown, ...userIds), redis.hmget(lastSeen, ...userIds)]);
      return userIds.map((userId, index): PresenceDifference => {
        const state = states[index];
        if (state) return { userId, state: state as ShownState };
        const lastSeenAt = times[index];
        return { userId, state: 'offline', lastSeenAtMs: lastSeenAt ? Number(lastSeenAt) : undefined };
      });
    },

    async setAway(userId, isAway) {
      await (isAway ? redis.sadd(away, userId) : redis.srem(away, userId));
    },

    async awayUsers() {
      return new Set((await redis.smembers(away)) as UserId[]);
    },

    async lead(service, ttlMs) {
      return (await runScript(redis, scripts.lead, [leader], [service, ttlMs])) as Leadership;
    },

    async stepDown(service) {
      await runScript(redis, scripts.stepDown, [leader], [service]);
    },

    async shown() {
      const [states, told] = await Promise.all([redis.hgetall(shown), redis.smembers(lastTold)]);
      return { people: new Map(Object.entries(states) as [UserId, ShownState][]), lastTold: told as UserId[] };
    },

    async show(service, differences, stillToTell) {
      const pairs = differences.flatMap((difference) => [difference.userId, toValue(difference)]);
      const keys = [leader, shown, away, lastSeen, lastTold];
      const args = [service, differences.length, ...pairs, ...stillToTell];
      return (await runScript(redis, scripts.show, keys, args)) === 1;
    },
  };
}

const toValue = (difference: PresenceDifference): string =>
  difference.state === 'offline' ? String(difference.lastSeenAtMs ?? '') : difference.state;
