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
  /** Whether the conversation is the one that this call offered. */
  readonly created: boolean;
}

/** Conversations and their members, which form a set. The lobby is not stored: every user is a member. */
export interface ConversationStore {
  /** A conversation that can be found has all its members. A repeat with the same id changes nothing. */
  create(conversation: ConversationRecord, memberIds: readonly UserId[]): Promise<void>;
  /**
   * Returns the direct conversation of two users, and creates it from `conversation` if there is none. All callers get the same
   * conversation, however many race. Both users are members when the call resolves.
   */
  createDirect(conversation: ConversationRecord, pair: readonly [UserId, UserId]): Promise<DirectConversation>;
  findById(id: ConversationId): Promise<ConversationRecord | undefined>;
  /** Returns the conversations of a user, newest first. */
  listFor(userId: UserId): Promise<ConversationRecord[]>;
  /** Has no effect on an unknown conversation. */
  rename(id: ConversationId, title: string): Promise<void>;
  /** Returns the users who were not members before. Exactly one of several racing callers gets each user. */
  addMembers(id: ConversationId, userIds: readonly UserId[]): Promise<UserId[]>;
  /** Returns false if the user was not a member. Exactly one of several racing callers gets true. */
  removeMember(id: ConversationId, userId: UserId): Promise<boolean>;
  /** Returns at most `limit` members in the order of joining. */
  members(id: ConversationId, limit: number): Promise<UserId[]>;
  isMember(id: ConversationId, userId: UserId): Promise<boolean>;
  /** Returns those of the users who are members, in any order. */
  membersAmong(id: ConversationId, userIds: readonly UserId[]): Promise<UserId[]>;
}

/** Returns the same key for both orders of a pair. Ids contain no ':'. */
export const pairKeyOf = (pair: readonly [UserId, UserId]): string => [...pair].sort().join(':');
