import type { ConversationStore } from '@parley/message-store';
import { ChatError, type ConversationId, type UserId } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

const HOUR_SECONDS = 3_600;

/**
 * Bounds what one user can create, and into how many conversations others can put a user. Every list of conversations, every
 * `session:hello` and every search reads all memberships of a user.
 *
 * The memberships are counted before they are added. Concurrent additions can therefore exceed the limit by their number.
 */
export class ConversationQuotas {
  readonly #conversations: ConversationStore;
  readonly #maxMemberships: number;
  readonly #creations: RateLimiterRedis | undefined;

  /**
   * @param parts.creationsPerHour for each user; 0 = no limit. While Redis is unavailable, each server counts separately
   * @param parts.maxMemberships for each user; 0 = no limit
   */
  constructor(parts: {
    redis: RedisConnection;
    conversations: ConversationStore;
    creationsPerHour: number;
    maxMemberships: number;
  }) {
    const { redis, conversations, creationsPerHour, maxMemberships } = parts;
    this.#conversations = conversations;
    this.#maxMemberships = maxMemberships;
    if (creationsPerHour === 0) return;
    const limit = { points: creationsPerHour, duration: HOUR_SECONDS };
    this.#creations = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: 'parley:conversations-created',
      insuranceLimiter: new RateLimiterMemory(limit),
      ...limit,
    });
  }

  /**
   * Creates a conversation for its creator. A creation that fails does not count.
   *
   * @throws ChatError `RATE_LIMITED` or `CONFLICT`
   */
  async create<T>(userId: UserId, memberIds: readonly UserId[], create: () => Promise<T>): Promise<T> {
    await this.#requireRoom(memberIds);
    try {
      await this.#creations?.consume(userId);
    } catch (limit) {
      if (!(limit instanceof RateLimiterRes)) throw limit;
      throw new ChatError('RATE_LIMITED', {
        message: 'You created too many conversations in the last hour. Wait before you create another one.',
        retryAfterMs: limit.msBeforeNext,
      });
    }
    try {
      return await create();
    } catch (error) {
      await this.#creations?.reward(userId);
      throw error;
    }
  }

  /**
   * Requires that the users can become members of a conversation, unless they are already.
   *
   * @throws ChatError `CONFLICT`
   */
  async requireRoomIn(conversationId: ConversationId, userIds: readonly UserId[]): Promise<void> {
    const full = await this.#withoutRoom(userIds);
    if (full.length === 0) return;
    const members = new Set(await this.#conversations.membersAmong(conversationId, full));
    this.#refuse(full.filter((id) => !members.has(id)));
  }

  async #requireRoom(userIds: readonly UserId[]): Promise<void> {
    this.#refuse(await this.#withoutRoom(userIds));
  }

  async #withoutRoom(userIds: readonly UserId[]): Promise<UserId[]> {
    if (this.#maxMemberships === 0) return [];
    const counts = await this.#conversations.countMemberships(userIds);
    return userIds.filter((_, index) => (counts[index] ?? 0) >= this.#maxMemberships);
  }

  #refuse([first]: readonly UserId[]): void {
    if (first === undefined) return;
    throw new ChatError('CONFLICT', {
      message: `The user ${first} is in ${this.#maxMemberships} conversations, and has to leave one first.`,
    });
  }
}
