import type { MessageLog } from '@parley/message-log';
import type { ConversationRecord, ConversationStore } from '@parley/message-store';
import { ChatError, type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** How many remembered answers a server keeps. */
const REMEMBERED_MEMBERS = 100_000;

/** Bounds how long an answer lives whose change was never announced, because the server that made it died in between. */
const REMEMBERED_FOR_MS = 60_000;

/**
 * Who may read and write a conversation.
 *
 * Only "is a member" is remembered, together with the version of the member list under which it was read, and it counts only under
 * that version. Every accept and every page tells the version of that moment, in the round trip that it makes anyway: a server that
 * remembers an older one asks the store again. So a removal counts everywhere at once, and nobody has to be told. The version is read
 * before the members are, so that a change in between makes the answer too old, never too new.
 */
export class Membership {
  readonly #conversations: ConversationStore;
  readonly #log: MessageLog;
  readonly #remembered = new LRUCache<string, { version: string }>({ max: REMEMBERED_MEMBERS, ttl: REMEMBERED_FOR_MS });

  constructor(parts: { conversations: ConversationStore; log: MessageLog }) {
    this.#conversations = parts.conversations;
    this.#log = parts.log;
  }

  /**
   * Lets a member through, by the store: for what is rare.
   *
   * @param currentVersion the member list's version, when the caller has just read it: what is remembered under it will do
   * @returns the version that the answer holds for, '' = none known
   * @throws ChatError `NOT_FOUND` or `FORBIDDEN`
   */
  async requireMember(conversationId: ConversationId, userId: UserId, currentVersion?: string): Promise<string> {
    const version = currentVersion ?? '';
    if (conversationId === LOBBY_ID) return version;
    const key = keyOf(conversationId, userId);
    if (currentVersion !== undefined && this.#remembered.get(key)?.version === currentVersion) return version;
    if (!(await this.#conversations.isMember(conversationId, userId))) {
      this.#remembered.delete(key);
      await this.findConversation(conversationId);
      throw new ChatError('FORBIDDEN', { message: 'You are not a member of this conversation.' });
    }
    if (currentVersion !== undefined) this.#remembered.set(key, { version });
    return version;
  }

  /** As `requireMember`, with the version read first: one round trip to Redis, and hardly ever one to the store. */
  async requireMemberFresh(conversationId: ConversationId, userId: UserId): Promise<string> {
    if (conversationId === LOBBY_ID) return '';
    const [state] = await this.#log.knownStates([conversationId]);
    return this.requireMember(conversationId, userId, state?.membersVersion);
  }

  /** As `requireMemberFresh`, but by what is remembered under whichever version: only for a caller whose next step compares that version. */
  async cachedMembership(conversationId: ConversationId, userId: UserId): Promise<string> {
    return (
      this.#remembered.get(keyOf(conversationId, userId))?.version ?? this.requireMemberFresh(conversationId, userId)
    );
  }

  /** @throws ChatError `NOT_FOUND` */
  async findConversation(conversationId: ConversationId): Promise<ConversationRecord> {
    const conversation = await this.#conversations.findById(conversationId);
    if (!conversation) throw new ChatError('NOT_FOUND', { message: 'There is no such conversation.' });
    return conversation;
  }

  /** Whether the user created it, and so may remove others and what they said. The lobby is nobody's. */
  async isCreator(conversationId: ConversationId, userId: UserId): Promise<boolean> {
    return conversationId !== LOBBY_ID && (await this.findConversation(conversationId)).createdBy === userId;
  }
}

const keyOf = (conversationId: ConversationId, userId: UserId) => `${conversationId} ${userId}`;
