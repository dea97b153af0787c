import type { ConversationId, ConversationKind, MessageRecord, UserId } from '@parley/protocol';
import { LOBBY_ID } from '@parley/protocol/constants';

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

/** A position in a user's list of conversations: the one after the conversation with this activity and id. */
export interface ListPosition {
  readonly activeAtMs: number;
  readonly id: ConversationId;
}

export interface ListQuery {
  readonly limit: number;
  /** The most members of all conversations of the page together. The page ends early, but has at least one conversation. */
  readonly maxMembers: number;
  /** Undefined = the beginning. */
  readonly after?: ListPosition | undefined;
}

export interface ListedConversation {
  readonly conversation: ConversationRecord;
  /** In the order of joining, at most `MAX_GROUP_MEMBERS`. Empty for a channel. */
  readonly memberIds: readonly UserId[];
  /** The time of the newest stored message, or of the creation if there is none. */
  readonly activeAtMs: number;
}

export interface ConversationListPage {
  readonly conversations: readonly ListedConversation[];
  readonly hasMore: boolean;
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
  /** Returns the direct conversation of two users, in either order. */
  findDirect(pair: readonly [UserId, UserId]): Promise<ConversationRecord | undefined>;
  /** Returns the conversations of a user, newest first. */
  listFor(userId: UserId): Promise<ConversationRecord[]>;
  /**
   * Returns a page of a user's conversations with their members, the newest activity first, then the largest id. One call of
   * bounded cost, however many conversations and members there are.
   */
  listPage(userId: UserId, query: ListQuery): Promise<ConversationListPage>;
  /** Returns of how many conversations each user is a member, in the order of the ids. */
  countMemberships(userIds: readonly UserId[]): Promise<number[]>;
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
  /** Returns those of the conversations of which the user is a member, in any order. */
  membershipsAmong(userId: UserId, ids: readonly ConversationId[]): Promise<ConversationId[]>;
}

/** The time of creation counts as activity. Conversations of earlier releases have no other until their next message. */
export const activityOf = (createdAtMs: number, activeAtMs: number | null | undefined): number =>
  Math.max(createdAtMs, activeAtMs ?? 0);

/** Returns the time of the newest of these messages in each conversation. The lobby is not stored. */
export function activityIn(
  messages: readonly Pick<MessageRecord, 'conversationId' | 'createdAtMs'>[],
): ReadonlyMap<ConversationId, number> {
  const newest = new Map<ConversationId, number>();
  for (const { conversationId, createdAtMs } of messages) {
    if (conversationId === LOBBY_ID) continue;
    newest.set(conversationId, Math.max(createdAtMs, newest.get(conversationId) ?? 0));
  }
  return newest;
}

/** Returns the same key for both orders of a pair. Ids contain no ':'. */
export const pairKeyOf = (pair: readonly [UserId, UserId]): string => [...pair].sort().join(':');
