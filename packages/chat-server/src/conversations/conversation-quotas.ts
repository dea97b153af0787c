import type { ConversationStore } from '@parley/message-store';
import { ChatError, type ConversationId, type UserId } from '@parley/protocol';
import type { RateLimit } from '../limits/rate-limit.ts';

/**
 * Bounds what one user can create, and into how many conversations others can put a user. Every list of conversations, every
 * `session:hello` and every search reads all memberships of a user.
 *
 * The memberships are counted before they are added. Concurrent additions can therefore exceed the limit by their number.
 */
export class ConversationQuotas {
  readonly #conversations: ConversationStore;
  readonly #maxMemberships: number;
  readonly #creations: RateLimit;

  /**
   * @param parts.creations by user
   * @param parts.maxMemberships for each user; 0 = no limit
   */
  constructor(parts: {
    conversations: ConversationStore;
    creations: RateLimit;
    maxMemberships: number;
  }) {
    this.#conversations = parts.conversations;
    this.#creations = parts.creations;
    this.#maxMemberships = parts.maxMemberships;
  }

  /**
   * Creates a conversation for its creator. A creation that fails does not count.
   *
   * @throws ChatError `RATE_LIMITED` or `CONFLICT`
   */
  async create<T>(userId: UserId, memberIds: readonly UserId[], create: () => Promise<T>): Promise<T> {
    await this.#requireRoom(memberIds);
    await this.#creations.count(userId);
    try {
      return await create();
    } catch (error) {
      await this.#creations.takeBack(userId);
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
