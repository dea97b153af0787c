import type { ConversationId, UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';

const MARK_READ = loadScript(new URL('./mark-read.lua', import.meta.url), 1);

/**
 * The newest message that each user has read in each conversation. A marker only moves forward, regardless of the order of calls.
 */
export class ReadMarkers {
  readonly #redis: RedisConnection;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  /** @returns the marker's seq after the call */
  async move(userId: UserId, conversationId: ConversationId, seq: number): Promise<number> {
    return Number(await runScript(this.#redis, MARK_READ, [keyOf(userId)], [conversationId, seq]));
  }

  /** Returns the last read seq of each conversation, in the order requested; 0 = nothing read. */
  async read(userId: UserId, conversationIds: readonly ConversationId[]): Promise<number[]> {
    const markers = await this.#redis.hmget(keyOf(userId), ...conversationIds);
    return markers.map((marker) => parse(marker).seq);
  }

  /** Returns which of these users have read a message, and when their marker last moved: they had read it by then. */
  async readersOf(
    conversationId: ConversationId,
    seq: number,
    userIds: readonly UserId[],
  ): Promise<{ userId: UserId; byMs: number }[]> {
    const markers = await Promise.all(userIds.map((userId) => this.#redis.hget(keyOf(userId), conversationId)));
    return userIds.flatMap((userId, index) => {
      const marker = parse(markers[index] ?? null);
      return marker.seq >= seq ? [{ userId, byMs: marker.atMs }] : [];
    });
  }
}

const keyOf = (userId: UserId) => `parley:{reads:${userId}}`;

function parse(marker: string | null): { seq: number; atMs: number } {
  const [seq = '0', atMs = '0'] = (marker ?? '').split(' ');
  return { seq: Number(seq), atMs: Number(atMs) };
}
