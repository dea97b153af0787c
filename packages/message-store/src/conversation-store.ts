import type { ConversationId, ConversationKind, UserId } from '@parley/protocol';

export interface ConversationRecord {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly title: string | undefined;
  readonly createdBy: UserId;
  readonly createdAtMs: number;
}

export interface DirectConversation {
  readonly conversation: ConversationRecord;
  /** Whether it is the one that this call offered. */
  readonly created: boolean;
}

/**
 * Conversations and who is in them. Members of a conversation are a set. The lobby is no record: every user is in it.
 */
export interface ConversationStore {
  /** Whoever finds the conversation finds its members. Creating the same one (by id) again changes nothing. */
  create(conversation: ConversationRecord, memberIds: readonly UserId[]): Promise<void>;
  /**
   * The one direct conversation of two users, created from `conversation` if it is not there yet, whoever asks first and
   * however many ask at once. Both are members of it when the call resolves.
   */
  createDirect(conversation: ConversationRecord, pair: readonly [UserId, UserId]): Promise<DirectConversation>;
  findById(id: ConversationId): Promise<ConversationRecord | undefined>;
  /** The conversations that a user is in, newest first. */
  listFor(userId: UserId): Promise<ConversationRecord[]>;
  /** Without effect where there is no such conversation. */
  rename(id: ConversationId, title: string): Promise<void>;
  /** Gives those who were no members before; adding a member again changes nothing. */
  addMembers(id: ConversationId, userIds: readonly UserId[]): Promise<UserId[]>;
  /** False when the user was no member. */
  removeMember(id: ConversationId, userId: UserId): Promise<boolean>;
  /** In the order of joining; at most `limit`. */
  members(id: ConversationId, limit: number): Promise<UserId[]>;
  isMember(id: ConversationId, userId: UserId): Promise<boolean>;
}

/** The same for both orders of a pair. Ids have no ':'. */
export const pairKeyOf = (pair: readonly [UserId, UserId]): string => [...pair].sort().join(':');
