import type { ConversationId, UserId } from '@parley/protocol';
import { MAX_GROUP_MEMBERS } from '@parley/protocol/constants';
import { type Db, ObjectId } from 'mongodb';
import {
  activityOf,
  type ConversationRecord,
  type ConversationStore,
  type ListedConversation,
  type ListQuery,
  pairKeyOf,
} from '../conversation-store.ts';
import { StoreUnavailable } from '../store.ts';
import { COMMAND_LIMITS } from './deadlines.ts';
import { COLLECTIONS, type ConversationDocument, type MemberDocument } from './documents.ts';
import { isDuplicateKey, refusedDuplicates } from './errors.ts';

const toConversation = ({ _id, kind, title, createdBy, createdAtMs }: ConversationDocument): ConversationRecord => ({
  id: _id,
  kind,
  title,
  createdBy,
  createdAtMs,
});

const toDocument = ({ id, title, ...conversation }: ConversationRecord): ConversationDocument => ({
  _id: id,
  kind: conversation.kind,
  ...(title !== undefined && { title }),
  createdBy: conversation.createdBy,
  createdAtMs: conversation.createdAtMs,
});

export function createConversationStore(database: Db): ConversationStore {
  const conversations = database.collection<ConversationDocument>(COLLECTIONS.conversations);
  const members = database.collection<MemberDocument>(COLLECTIONS.members);

  /** @returns false if its id or pair exists */
  async function insert(document: ConversationDocument): Promise<boolean> {
    try {
      await conversations.insertOne(document, COMMAND_LIMITS);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async function addMembers(conversationId: ConversationId, userIds: readonly UserId[]): Promise<UserId[]> {
    if (userIds.length === 0) return [];
    const joinedAtMs = Date.now();
    const documents = userIds.map((userId) => ({ _id: new ObjectId(), conversationId, userId, joinedAtMs }));
    try {
      await members.insertMany(documents, { ordered: false, ...COMMAND_LIMITS });
      return [...userIds];
    } catch (error) {
      // A duplicate is a member already.
      const refusedAt = new Set(refusedDuplicates(error).map(({ index }) => index));
      return userIds.filter((_, index) => !refusedAt.has(index));
    }
  }

  async function idsOf(userId: UserId): Promise<ConversationId[]> {
    const memberships = await members
      .find({ userId }, { projection: { _id: 0, conversationId: 1 }, ...COMMAND_LIMITS })
      .toArray();
    return memberships.map(({ conversationId }) => conversationId);
  }

  /** Counts the members by a field, with one range of an index for each value. */
  async function countBy<Field extends 'userId' | 'conversationId'>(
    field: Field,
    values: readonly MemberDocument[Field][],
  ): Promise<Map<MemberDocument[Field], number>> {
    const counts = await members
      .aggregate<{ _id: MemberDocument[Field]; count: number }>(
        [{ $match: { [field]: { $in: [...values] } } }, { $group: { _id: `$${field}`, count: { $sum: 1 } } }],
        COMMAND_LIMITS,
      )
      .toArray();
    return new Map(counts.map(({ _id, count }) => [_id, count]));
  }

  /** Returns as many of the conversations as have `maxMembers` members together, with their members. */
  async function withMembers(
    listed: readonly Omit<ListedConversation, 'memberIds'>[],
    maxMembers: number,
  ): Promise<ListedConversation[]> {
    const listing = listed.filter(({ conversation }) => conversation.kind !== 'channel');
    const counts = await countBy(
      'conversationId',
      listing.map(({ conversation }) => conversation.id),
    );
    let total = 0;
    const fits = listed.filter(({ conversation }, index) => {
      total += Math.min(counts.get(conversation.id) ?? 0, MAX_GROUP_MEMBERS);
      return index === 0 || total <= maxMembers;
    });
    const ids = fits.map(({ conversation }) => conversation.id).filter((id) => counts.has(id));
    const documents = await members
      .find({ conversationId: { $in: ids } }, COMMAND_LIMITS)
      .sort({ joinedAtMs: 1, _id: 1 })
      .toArray();
    const memberIds = Map.groupBy(documents, ({ conversationId }) => conversationId);
    return fits.map(({ conversation, activeAtMs }) => ({
      conversation,
      activeAtMs,
      memberIds: (memberIds.get(conversation.id) ?? []).slice(0, MAX_GROUP_MEMBERS).map(({ userId }) => userId),
    }));
  }

  async function listPage(userId: UserId, { limit, maxMembers, after }: ListQuery) {
    // The whole list is read and sorted here: the activity of conversations without messages is their creation, which no index has.
    const documents = await conversations.find({ _id: { $in: await idsOf(userId) } }, COMMAND_LIMITS).toArray();
    const following = documents
      .map((document) => ({
        conversation: toConversation(document),
        activeAtMs: activityOf(document.createdAtMs, document.activeAtMs),
      }))
      .sort((a, b) => b.activeAtMs - a.activeAtMs || (a.conversation.id < b.conversation.id ? 1 : -1))
      .filter(
        ({ conversation: { id }, activeAtMs }) =>
          !after || activeAtMs < after.activeAtMs || (activeAtMs === after.activeAtMs && id < after.id),
      );
    const page = await withMembers(following.slice(0, limit), maxMembers);
    return { conversations: page, hasMore: page.length < following.length };
  }

  return {
    async create(conversation, memberIds) {
      // There is no transaction, so the record is written last: a conversation that can be found has its members.
      await addMembers(conversation.id, memberIds);
      await insert(toDocument(conversation));
    },

    async createDirect(offered, pair) {
      const pairKey = pairKeyOf(pair);
      await insert({ ...toDocument(offered), pairKey });
      const document = await conversations.findOne({ pairKey }, COMMAND_LIMITS);
      // The conflicting write is not on a majority yet. The next attempt will see it, or succeed.
      if (!document) throw new StoreUnavailable(`conversation ${offered.id} met a write that is not durable`);
      // The loser of a race adds both as well, because the winner may have crashed before it did.
      await addMembers(document._id, pair);
      return { conversation: toConversation(document), created: document._id === offered.id };
    },

    async findById(id) {
      const document = await conversations.findOne({ _id: id }, COMMAND_LIMITS);
      return document ? toConversation(document) : undefined;
    },

    async findDirect(pair) {
      const document = await conversations.findOne({ pairKey: pairKeyOf(pair) }, COMMAND_LIMITS);
      return document ? toConversation(document) : undefined;
    },

    async listFor(userId) {
      const documents = await conversations
        .find({ _id: { $in: await idsOf(userId) } }, COMMAND_LIMITS)
        .sort({ createdAtMs: -1, _id: -1 })
        .toArray();
      return documents.map(toConversation);
    },

    listPage,

    async countMemberships(userIds) {
      const counts = await countBy('userId', userIds);
      return userIds.map((id) => counts.get(id) ?? 0);
    },

    async rename(id, title) {
      await conversations.updateOne({ _id: id }, { $set: { title } }, COMMAND_LIMITS);
    },

    addMembers,

    async removeMember(conversationId, userId) {
      const { deletedCount } = await members.deleteOne({ conversationId, userId }, COMMAND_LIMITS);
      return deletedCount === 1;
    },

    async members(conversationId, limit) {
      // MongoDB takes a limit of 0 as no limit.
      if (limit < 1) return [];
      const documents = await members
        .find({ conversationId }, COMMAND_LIMITS)
        .sort({ joinedAtMs: 1, _id: 1 })
        .limit(limit)
        .toArray();
      return documents.map(({ userId }) => userId);
    },

    async isMember(conversationId, userId) {
      return (await members.findOne({ conversationId, userId }, COMMAND_LIMITS)) !== null;
    },

    async membersAmong(conversationId, userIds) {
      const documents = await members.find({ conversationId, userId: { $in: [...userIds] } }, COMMAND_LIMITS).toArray();
      return documents.map(({ userId }) => userId);
    },

    async membershipsAmong(userId, ids) {
      const documents = await members.find({ userId, conversationId: { $in: [...ids] } }, COMMAND_LIMITS).toArray();
      return documents.map(({ conversationId }) => conversationId);
    },
  };
}
