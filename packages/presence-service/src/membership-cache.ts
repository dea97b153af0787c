import type { ConversationStore } from '@parley/message-store';
import { type ConversationId, type ConversationKind, MAX_GROUP_MEMBERS, type UserId } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** Servers tell what changes; these bound how long an answer lives of whose change nobody heard. */
const CONVERSATIONS_FOR_MS = 600_000;
const MEMBERS_FOR_MS = 10_000;

const REMEMBERED_USERS = 100_000;
const REMEMBERED_KINDS = 100_000;
/** User ids in all remembered lists of members. */
const REMEMBERED_MEMBERS = 500_000;

/** Store calls that one question has under way at a time. */
const MAX_CALLS = 32;

/** Who shares what with whom. What servers report and what was asked before is remembered, so that most answers cost nothing. */
export class SharedConversations {
  readonly #store: Pick<ConversationStore, 'listFor' | 'findById' | 'members'>;
  /** All conversations of a user but the lobby. */
  readonly #conversations = new LRUCache<UserId, readonly ConversationId[]>({
    max: REMEMBERED_USERS,
    ttl: CONVERSATIONS_FOR_MS,
  });
  readonly #members = new LRUCache<ConversationId, readonly UserId[]>({
    maxSize: REMEMBERED_MEMBERS,
    sizeCalculation: (members) => members.length + 1,
    ttl: MEMBERS_FOR_MS,
  });
  /** A conversation's kind never changes. */
  readonly #kinds = new LRUCache<ConversationId, ConversationKind>({ max: REMEMBERED_KINDS });

  constructor(store: Pick<ConversationStore, 'listFor' | 'findById' | 'members'>) {
    this.#store = store;
  }

  /** A server has just looked which conversations a user has. */
  note(userId: UserId, conversationIds: readonly ConversationId[]): void {
    this.#conversations.set(userId, conversationIds);
  }

  /** These users came into a conversation, or left it. */
  membersChanged(conversationId: ConversationId, userIds: readonly UserId[]): void {
    this.#members.delete(conversationId);
    for (const userId of userIds) this.#conversations.delete(userId);
  }

  /** Reports may have been missed. */
  forget(): void {
    this.#conversations.clear();
    this.#members.clear();
  }

  /** The channels that each of these users is in, without the lobby. */
  async channelsOf(userIds: readonly UserId[]): Promise<ConversationId[][]> {
    return inTurns(userIds, async (userId) => {
      const channels: ConversationId[] = [];
      for (const id of await this.#conversationsOf(userId)) {
        if ((await this.#kindOf(id)) === 'channel') channels.push(id);
      }
      return channels;
    });
  }

  /**
   * Everybody who shares a direct conversation or group with each of these users, themselves included where there is one: so
   * people who change together share what they are told.
   */
  async contactsOf(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>[]> {
    return inTurns(userIds, async (userId) => {
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
    const remembered = this.#conversations.get(userId);
    if (remembered) return remembered;
    const records = await this.#store.listFor(userId);
    for (const { id, kind } of records) this.#kinds.set(id, kind);
    const ids = records.map(({ id }) => id);
    this.#conversations.set(userId, ids);
    return ids;
  }

  async #kindOf(id: ConversationId): Promise<ConversationKind | undefined> {
    const remembered = this.#kinds.get(id);
    if (remembered) return remembered;
    const kind = (await this.#store.findById(id))?.kind;
    if (kind) this.#kinds.set(id, kind);
    return kind;
  }

  async #membersOf(id: ConversationId): Promise<readonly UserId[]> {
    const remembered = this.#members.get(id);
    if (remembered) return remembered;
    const members = await this.#store.members(id, MAX_GROUP_MEMBERS);
    this.#members.set(id, members);
    return members;
  }
}

/** The answers for all items in their order, some at a time. */
async function inTurns<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let first = 0; first < items.length; first += MAX_CALLS) {
    answers.push(...(await Promise.all(items.slice(first, first + MAX_CALLS).map(ask))));
  }
  return answers;
}
