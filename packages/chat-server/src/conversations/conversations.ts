import { randomBytes } from 'node:crypto';
import type { MessageLog } from '@parley/message-log';
import type { ConversationRecord, DirectConversation, ListPosition, Store, UserRecord } from '@parley/message-store';
import {
  ChatError,
  type Conversation,
  type ConversationId,
  type ConversationList,
  type ConversationsQuery,
  type CreateConversationPayload,
  LOBBY_ID,
  MAX_GROUP_MEMBERS,
  MAX_LISTED_CONVERSATIONS,
  type UserId,
} from '@parley/protocol';
import type { ConversationQuotas } from './conversation-quotas.ts';
import { describeConversation, describeConversations, type HeadReader } from './describe-conversations.ts';
import type { Membership } from './membership.ts';
import type { MembershipEvents } from './membership-events.ts';
import { listNames, type SystemMessages } from './system-messages.ts';

const LOBBY: ConversationRecord = {
  id: LOBBY_ID,
  kind: 'channel',
  title: 'Lobby',
  createdBy: 'parley' as UserId,
  createdAtMs: 0,
};

/** The most members in one page of the list, except of a group that is larger alone. A user takes about 100 bytes. */
const MAX_LISTED_MEMBERS = 2_000;

/** The position of the lobby. All other conversations follow it. */
const BEFORE_ALL: ListPosition = { activeAtMs: Number.MAX_SAFE_INTEGER, id: LOBBY_ID };

const newConversationId = () => `c_${randomBytes(9).toString('base64url')}` as ConversationId;

/** Direct conversations, groups and channels, and their members. */
export class Conversations {
  readonly #store: Store;
  readonly #log: MessageLog;
  readonly #membership: Membership;
  readonly #quotas: ConversationQuotas;
  readonly #events: MembershipEvents;
  readonly #systemMessages: SystemMessages;

  constructor(parts: {
    store: Store;
    log: MessageLog;
    membership: Membership;
    quotas: ConversationQuotas;
    membershipEvents: MembershipEvents;
    systemMessages: SystemMessages;
  }) {
    this.#store = parts.store;
    this.#log = parts.log;
    this.#membership = parts.membership;
    this.#quotas = parts.quotas;
    this.#events = parts.membershipEvents;
    this.#systemMessages = parts.systemMessages;
  }

  /** Returns the ids of the user's conversations, the lobby first. */
  async idsFor(userId: UserId): Promise<ConversationId[]> {
    const records = await this.#store.conversations.listFor(userId);
    return [LOBBY_ID, ...records.map((record) => record.id)];
  }

  /** Returns a page of the user's conversations: the lobby, then the newest activity first. */
  async listPage(userId: UserId, { limit, cursor }: ConversationsQuery): Promise<ConversationList> {
    const after = cursor === undefined ? undefined : positionOf(cursor);
    const lobby = after ? [] : [{ conversation: LOBBY, memberIds: [] }];
    const room = limit - lobby.length;
    const { conversations, hasMore } = await this.#store.conversations.listPage(userId, {
      limit: Math.max(room, 1),
      maxMembers: MAX_LISTED_MEMBERS,
      after,
    });
    const page = conversations.slice(0, room);
    const last = page.at(-1);
    const lastPosition = last ? { activeAtMs: last.activeAtMs, id: last.conversation.id } : BEFORE_ALL;
    return {
      conversations: await describeConversations(this.#store, [...lobby, ...page], this.#readHeads),
      nextCursor: hasMore || page.length < conversations.length ? cursorOf(lastPosition) : null,
    };
  }

  /** Sends conversations to the sessions of one of their members on this server. */
  async announce(userId: UserId, conversationIds: readonly ConversationId[]): Promise<void> {
    const wanted = new Set(conversationIds);
    let after: ListPosition | undefined;
    do {
      const query = { limit: MAX_LISTED_CONVERSATIONS, maxMembers: MAX_LISTED_MEMBERS, after };
      const { conversations, hasMore } = await this.#store.conversations.listPage(userId, query);
      const listed = conversations.filter(({ conversation }) => wanted.delete(conversation.id));
      for (const conversation of await describeConversations(this.#store, listed, this.#readHeads)) {
        this.#events.found(conversation, userId);
      }
      const last = conversations.at(-1);
      after = hasMore && last ? { activeAtMs: last.activeAtMs, id: last.conversation.id } : undefined;
    } while (after && wanted.size > 0);
  }

  /** @throws ChatError `NOT_FOUND` if a member does not exist, `INVALID_PAYLOAD` for a direct conversation with oneself */
  async create(
    userId: UserId,
    payload: CreateConversationPayload,
  ): Promise<{ conversation: Conversation; created: boolean }> {
    const others = [...new Set(payload.memberIds)].filter((id) => id !== userId);
    await this.#requireUsers(others);
    const record: ConversationRecord = {
      id: newConversationId(),
      kind: payload.kind,
      title: payload.kind === 'direct' ? undefined : payload.title,
      createdBy: userId,
      createdAtMs: Date.now(),
    };
    const outcome = await this.#save(record, userId, others);
    // A new conversation has no messages. Reading the head from Redis could fail, and the client's retry would then create a
    // second conversation.
    const readHeads = outcome.created ? async () => [] : this.#readHeads;
    const conversation = await this.#describeOne(outcome.conversation, readHeads);
    await this.#events.joined(conversation, [userId, ...others]);
    return { conversation, created: outcome.created };
  }

  async #save(record: ConversationRecord, userId: UserId, others: readonly UserId[]): Promise<DirectConversation> {
    const { conversations } = this.#store;
    const memberIds = [userId, ...others];
    if (record.kind !== 'direct') {
      await this.#quotas.create(userId, memberIds, () => conversations.create(record, memberIds));
      return { conversation: record, created: true };
    }
    const [other] = others;
    if (!other)
      throw new ChatError('INVALID_PAYLOAD', { message: 'memberIds: a direct conversation needs another user.' });
    const create = () => conversations.createDirect(record, [userId, other]);
    // The quotas do not apply to a conversation that exists.
    const exists = (await conversations.findDirect([userId, other])) !== undefined;
    return exists ? create() : this.#quotas.create(userId, memberIds, create);
  }

  /** Any member of a group or channel may rename it. */
  async rename(conversationId: ConversationId, userId: UserId, title: string): Promise<Conversation> {
    const record = await this.#requireGroup(conversationId);
    await this.#membership.requireMember(conversationId, userId);
    await this.#store.conversations.rename(conversationId, title);
    const conversation = await this.#describeOne({ ...record, title });
    this.#events.changed(conversation);
    if (title !== record.title)
      await this.#systemMessages.append(conversationId, userId, `renamed the group to “${title}”`);
    return conversation;
  }

  /** Any member of a group or channel may invite. */
  async addMembers(
    conversationId: ConversationId,
    userId: UserId,
    invitedIds: readonly UserId[],
  ): Promise<Conversation> {
    const record = await this.#requireGroup(conversationId);
    await this.#membership.requireMember(conversationId, userId);
    const invited = await this.#requireUsers(invitedIds);
    if (record.kind === 'group') {
      const memberIds = await this.#store.conversations.members(conversationId, MAX_GROUP_MEMBERS);
      if (new Set([...memberIds, ...invitedIds]).size > MAX_GROUP_MEMBERS) {
        throw new ChatError('CONFLICT', { message: `A group has at most ${MAX_GROUP_MEMBERS} members.` });
      }
    }
    await this.#quotas.requireRoomIn(conversationId, invitedIds);
    const addedIds = new Set(await this.#store.conversations.addMembers(conversationId, invitedIds));
    const conversation = await this.#describeOne(record);
    await this.#events.joined(conversation, invitedIds);
    const names = invited.filter(({ id }) => addedIds.has(id)).map(({ displayName }) => displayName);
    if (names.length > 0) await this.#systemMessages.append(conversationId, userId, `added ${listNames(names)}`);
    return conversation;
  }

  /**
   * Removes a member: members may leave, the creator may also remove others. May be repeated: the repetition completes a removal
   * that was interrupted because Redis or a server failed. If there is nothing to complete, it changes nothing.
   *
   * The record of the removal comes first and is deleted last. It therefore exists whenever the store no longer has the member and
   * some server may not know that yet.
   */
  async removeMember(conversationId: ConversationId, userId: UserId, leavingId: UserId): Promise<void> {
    const record = await this.#requireGroup(conversationId);
    const text = leavingId === userId ? 'left' : `removed ${await this.#requireRemovable(record, userId, leavingId)}`;
    const { conversations } = this.#store;
    const isMember = await conversations.isMember(conversationId, leavingId);
    // Rejects while Redis is unavailable, before anything has changed. The client's retry runs all steps.
    const removals = isMember
      ? [await this.#log.beginRemoval(conversationId, leavingId)]
      : await this.#log.unfinishedRemovals(conversationId, leavingId);
    // A user who was never a member may also ask to leave. Neither side learns anything about the other.
    if (removals.length === 0) return;
    const wasMember = isMember && (await conversations.removeMember(conversationId, leavingId));
    await this.#events.left(conversationId, leavingId);
    await this.#log.membersChanged(conversationId, removals);
    this.#events.changed(await this.#describeOne(record), leavingId);
    if (wasMember) await this.#systemMessages.append(conversationId, userId, text);
  }

  /** @returns the name of the member to be removed */
  async #requireRemovable(record: ConversationRecord, userId: UserId, leavingId: UserId): Promise<string> {
    if (record.createdBy !== userId) {
      throw new ChatError('FORBIDDEN', { message: 'Only the creator of the conversation may remove others.' });
    }
    await this.#membership.requireMember(record.id, userId);
    const [leaving] = await this.#requireUsers([leavingId]);
    return leaving?.displayName ?? 'somebody';
  }

  /** Makes the user a member of a channel. In other conversations, requires that they are one. */
  async join(conversationId: ConversationId, userId: UserId): Promise<void> {
    if (conversationId === LOBBY_ID) return;
    const record = await this.#membership.findConversation(conversationId);
    if (record.kind !== 'channel') await this.#membership.requireMember(conversationId, userId);
    else if (!(await this.#store.conversations.isMember(conversationId, userId))) {
      await this.#quotas.requireRoomIn(conversationId, [userId]);
      await this.#store.conversations.addMembers(conversationId, [userId]);
    }
  }

  async #requireGroup(conversationId: ConversationId): Promise<ConversationRecord> {
    const record = conversationId === LOBBY_ID ? LOBBY : await this.#membership.findConversation(conversationId);
    if (record === LOBBY || (record.kind !== 'group' && record.kind !== 'channel')) {
      throw new ChatError('FORBIDDEN', { message: 'The title and members of this conversation are fixed.' });
    }
    return record;
  }

  async #requireUsers(ids: readonly UserId[]): Promise<UserRecord[]> {
    const users = await this.#findUsers(ids);
    const found = new Set(users.map((user) => user.id));
    const missing = ids.find((id) => !found.has(id));
    if (missing) throw new ChatError('NOT_FOUND', { message: `There is no user ${missing}.` });
    return users;
  }

  async #findUsers(ids: readonly UserId[]): Promise<UserRecord[]> {
    return ids.length === 0 ? [] : this.#store.users.findMany(ids);
  }

  readonly #readHeads = (ids: readonly ConversationId[]) => this.#log.states(ids);

  #describeOne(record: ConversationRecord, readHeads: HeadReader = this.#readHeads): Promise<Conversation> {
    return describeConversation(this.#store, record, readHeads);
  }
}

const cursorOf = ({ activeAtMs, id }: ListPosition) => `${activeAtMs}.${id}`;

function positionOf(cursor: string): ListPosition {
  const dot = cursor.indexOf('.');
  return { activeAtMs: Number(cursor.slice(0, dot)), id: cursor.slice(dot + 1) as ConversationId };
}
