import { hasRemovalInProgress, type MessageLog } from '@parley/message-log';
import type { ConversationRecord, ConversationStore } from '@parley/message-store';
import { ChatError, type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** Memberships that a server caches. */
const MAX_CACHED = 100_000;

/** Bounds the age of an entry for the case that a server dies during a removal and Redis loses its record, too. */
const CACHE_TTL_MS = 60_000;

/**
 * Checks who may read and write a conversation.
 *
 * Only memberships are cached, never their absence. Each entry has the version of the member list at which it was read. Every
 * append and every page returns the current version in its own round trip. A server with an older version reads the store again,
 * so a removal is effective on all servers at once without a message to any of them. The version is read before the members:
 * after a change in between, an entry's version is too old, never too new. While a removal is in progress nothing is cached: its
 * server may die after it has changed the store and before it has changed the version.
 */
export class Membership {
  readonly #conversations: ConversationStore;
  readonly #log: MessageLog;
  readonly #cache = new LRUCache<string, { version: string }>({ max: MAX_CACHED, ttl: CACHE_TTL_MS });

  constructor(parts: { conversations: ConversationStore; log: MessageLog }) {
    this.#conversations = parts.conversations;
    this.#log = parts.log;
  }

  /**
   * Requires that the user is a member. Reads the store unless the cache has an entry of `currentVersion`.
   *
   * @param currentVersion the version of the member list, if the caller has just read it
   * @returns the version at which the user is a member, '' = unknown
   * @throws ChatError `NOT_FOUND` or `FORBIDDEN`
   */
  async requireMember(conversationId: ConversationId, userId: UserId, currentVersion?: string): Promise<string> {
    const version = currentVersion ?? '';
    if (conversationId === LOBBY_ID) return version;
    const key = keyOf(conversationId, userId);
    if (currentVersion !== undefined && this.#cache.get(key)?.version === currentVersion) return version;
    if (!(await this.#conversations.isMember(conversationId, userId))) {
      this.#cache.delete(key);
      await this.findConversation(conversationId);
      throw notAMember();
    }
    if (currentVersion !== undefined && !hasRemovalInProgress(version)) this.#cache.set(key, { version });
    return version;
  }

  /** Reads the current version, then requires membership: one round trip to Redis, and rarely one to the store. */
  async requireMemberFresh(conversationId: ConversationId, userId: UserId): Promise<string> {
    if (conversationId === LOBBY_ID) return '';
    const [state] = await this.#log.knownStates([conversationId]);
    return this.requireMember(conversationId, userId, state?.membersVersion);
  }

  /**
   * Caches the memberships of a user in several conversations, with at most two calls of the store, and initialises their heads. The
   * checks that follow find them. It refuses nothing.
   */
  async prefetch(conversationIds: readonly ConversationId[], userId: UserId): Promise<void> {
    const ids = conversationIds.filter((id) => id !== LOBBY_ID);
    if (ids.length <= 1) return;
    const states = await this.#log.knownStates(ids);
    const versions = new Map(ids.map((id, index) => [id, states[index]?.membersVersion]));
    const isCached = (id: ConversationId) =>
      versions.get(id) !== undefined && this.#cache.get(keyOf(id, userId))?.version === versions.get(id);
    const found = await this.#cacheAmong(
      ids.filter((id) => !isCached(id)),
      userId,
      versions,
    );
    const withoutHead = found.filter((id) => versions.get(id) === undefined);
    if (withoutHead.length === 0) return;
    const initialised = await this.#log.states(withoutHead);
    const newVersions = new Map(withoutHead.map((id, index) => [id, initialised[index]?.membersVersion]));
    await this.#cacheAmong(withoutHead, userId, newVersions);
  }

  /** Reads memberships, and caches those with a version. The versions were read before. */
  async #cacheAmong(
    ids: readonly ConversationId[],
    userId: UserId,
    versions: ReadonlyMap<ConversationId, string | undefined>,
  ): Promise<ConversationId[]> {
    if (ids.length === 0) return [];
    const found = await this.#conversations.membershipsAmong(userId, ids);
    for (const id of found) {
      const version = versions.get(id);
      if (version !== undefined && !hasRemovalInProgress(version)) this.#cache.set(keyOf(id, userId), { version });
    }
    return found;
  }

  /** Requires membership from the cache, at any version. Only for callers whose next step compares the returned version. */
  async cachedMembership(conversationId: ConversationId, userId: UserId): Promise<string> {
    return this.#cache.get(keyOf(conversationId, userId))?.version ?? this.requireMemberFresh(conversationId, userId);
  }

  /** @throws ChatError `NOT_FOUND` */
  async findConversation(conversationId: ConversationId): Promise<ConversationRecord> {
    const conversation = await this.#conversations.findById(conversationId);
    if (!conversation) throw new ChatError('NOT_FOUND', { message: 'There is no such conversation.' });
    return conversation;
  }

  /** Whether the user created the conversation and may therefore remove members and their messages. Nobody created the lobby. */
  async isCreator(conversationId: ConversationId, userId: UserId): Promise<boolean> {
    return conversationId !== LOBBY_ID && (await this.findConversation(conversationId)).createdBy === userId;
  }
}

const keyOf = (conversationId: ConversationId, userId: UserId) => `${conversationId} ${userId}`;

export const notAMember = () => new ChatError('FORBIDDEN', { message: 'You are not a member of this conversation.' });
