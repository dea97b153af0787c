import type { ConversationStore } from '@parley/message-store';
import { type ConversationId, type ConversationKind, MAX_GROUP_MEMBERS, type UserId } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** Chat servers report changes. These lifetimes bound how long an entry stays wrong after a lost report. */
const CONVERSATIONS_TTL_MS = 600_000;
const MEMBERS_TTL_MS = 10_000;

const MAX_USERS = 100_000;
const MAX_KINDS = 100_000;
/** User ids in all cached member lists. */
const MAX_MEMBERS = 500_000;

/** Concurrent store calls of one query. */
const MAX_CALLS = 32;

/** Finds the users who share conversations, from the chat servers' reports and cached results of the store. */
export class MembershipCache {
  readonly #store: Pick<ConversationStore, 'listFor' | 'findById' | 'members'>;
  /** All conversations of a user except the lobby. */
  readonly #conversations = new LRUCache<UserId, readonly ConversationId[]>({
    max: MAX_USERS,
    ttl: CONVERSATIONS_TTL_MS,
  });
  readonly #members = new LRUCache<ConversationId, readonly UserId[]>({
    maxSize: MAX_MEMBERS,
    sizeCalculation: (members) => members.length + 1,
    ttl: MEMBERS_TTL_MS,
  });
  /** A conversation's kind never changes. */
  readonly #kinds = new LRUCache<ConversationId, ConversationKind>({ max: MAX_KINDS });

  constructor(store: Pick<ConversationStore, 'listFor' | 'findById' | 'members'>) {
    this.#store = store;
  }

  /** Stores the conversations of a user, which a chat server has just read. */
  setConversations(userId: UserId, conversationIds: readonly ConversationId[]): void {
    this.#conversations.set(userId, conversationIds);
  }

  /** Invalidates the entries of a conversation that these users joined or left. */
  invalidate(conversationId: ConversationId, userIds: readonly UserId[]): void {
    this.#members.delete(conversationId);
    for (const userId of userIds) this.#conversations.delete(userId);
  }

  /** Deletes all entries that may be wrong after reports were lost. */
  clear(): void {
    this.#conversations.clear();
    this.#members.clear();
  }

  /** Returns the channels of each user, without the lobby. */
  async channelsOf(userIds: readonly UserId[]): Promise<ConversationId[][]> {
    return mapInBatches(userIds, async (userId) => {
      const channels: ConversationId[] = [];
      for (const id of await this.#conversationsOf(userId)) {
        if ((await this.#kindOf(id)) === 'channel') channels.push(id);
      }
      return channels;
    });
  }

  /**
   * Returns the contacts of each user: all members of their direct conversations and groups. A user with such a conversation is
   * among their own contacts, so users who change together have the same contacts and share a packet.
   */
  async contactsOf(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>[]> {
    return mapInBatches(userIds, async (userId) => {
      const contacts = new Set<UserId>();
      for (const id of await this.#conversationsOf(userId)) {
        const kind = await this.#kindOf(id);
        if (kind !== 'direct' && kind !== 'group') continue;
        for (const member of await this.#membersOf(id)) contacts.add(member);
      }
      return contacts;
    });
  }

  async #conversationsOf(userId: UserId): Promise<readonly ConversationId[]> {
    const cached = this.#conversations.get(userId);
    if (cached) return cached;
    const records = await this.#store.listFor(userId);
    for (const { id, kind } of records) this.#kinds.set(id, kind);
    const ids = records.map(({ id }) => id);
    this.#conversations.set(userId, ids);
    return ids;
  }

  async #kindOf(id: ConversationId): Promise<ConversationKind | undefined> {
    const cached = this.#kinds.get(id);
    if (cached) return cached;
    const kind = (await this.#store.findById(id))?.kind;
    if (kind) this.#kinds.set(id, kind);
    return kind;
  }

  async #membersOf(id: ConversationId): Promise<readonly UserId[]> {
    const cached = this.#members.get(id);
    if (cached) return cached;
    const members = await this.#store.members(id, MAX_GROUP_MEMBERS);
    this.#members.set(id, members);
    return members;
  }
}

/** Maps the items in their order, a bounded number of them concurrently. */
async function mapInBatches<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let first = 0; first < items.length; first += MAX_CALLS) {
    results.push(...(await Promise.all(items.slice(first, first + MAX_CALLS).map(map))));
  }
  return results;
}
