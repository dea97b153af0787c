import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ConversationId, UserId } from '@parley/protocol';
import type { ConversationRecord, ConversationStore, ListPosition } from './conversation-store.ts';
import type { MessageStore } from './message-store.ts';
import { newMessage } from './new-message.ts';

const newUserId = () => randomUUID() as UserId;

export const newConversation = (createdBy: UserId, fields: Partial<ConversationRecord> = {}): ConversationRecord => ({
  id: randomUUID() as ConversationId,
  kind: 'group',
  title: 'Théâtre 🎭',
  createdBy,
  createdAtMs: 1_767_225_600_000,
  ...fields,
});

const newDirect = (createdBy: UserId) => newConversation(createdBy, { kind: 'direct', title: undefined });

export function conversationStoreContract(conversations: () => ConversationStore, messages: () => MessageStore): void {
  describe('conversations', () => {
    test('members are returned in the order of joining', async () => {
      const [ada, bob, eve] = [newUserId(), newUserId(), newUserId()];
      const conversation = newConversation(ada);
      await conversations().create(conversation, [eve, ada]);
      expect(await conversations().findById(conversation.id)).toEqual(conversation);
      await conversations().addMembers(conversation.id, [bob]);
      expect(await conversations().members(conversation.id, 10)).toEqual([eve, ada, bob]);
      expect(await conversations().members(conversation.id, 2)).toEqual([eve, ada]);
      expect(await conversations().members(conversation.id, 0)).toEqual([]);
      expect(await conversations().isMember(conversation.id, bob)).toBe(true);
      expect(await conversations().isMember(conversation.id, newUserId())).toBe(false);
      const found = await conversations().membersAmong(conversation.id, [bob, newUserId(), eve]);
      expect(found.sort()).toEqual([bob, eve].sort());
      expect(await conversations().membersAmong(conversation.id, [])).toEqual([]);
    });

    test('an unknown conversation has no record and no members', async () => {
      const id = randomUUID() as ConversationId;
      expect(await conversations().findById(id)).toBeUndefined();
      expect(await conversations().members(id, 10)).toEqual([]);
      expect(await conversations().membersAmong(id, [newUserId()])).toEqual([]);
      expect(await conversations().isMember(id, newUserId())).toBe(false);
      expect(await conversations().removeMember(id, newUserId())).toBe(false);
    });

    test('create is idempotent', async () => {
      const ada = newUserId();
      const conversation = newConversation(ada);
      await conversations().create(conversation, [ada]);
      await conversations().create(conversation, [ada]);
      expect(await conversations().listFor(ada)).toEqual([conversation]);
      expect(await conversations().members(conversation.id, 10)).toEqual([ada]);
    });

    test('a group can have 500 members', async () => {
      const memberIds = Array.from({ length: 500 }, newUserId);
      const conversation = newConversation(memberIds[0] as UserId);
      await conversations().create(conversation, memberIds);
      expect(await conversations().members(conversation.id, 1_000)).toEqual(memberIds);
    });

    test('concurrent additions add a member once and report it to one caller', async () => {
      const [ada, bob, eve] = [newUserId(), newUserId(), newUserId()];
      const conversation = newConversation(ada);
      await conversations().create(conversation, [ada]);
      const added = await Promise.all(
        Array.from({ length: 8 }, () => conversations().addMembers(conversation.id, [ada, bob, bob, eve])),
      );
      expect(added.flat().sort()).toEqual([bob, eve].sort());
      expect(await conversations().addMembers(conversation.id, [])).toEqual([]);
      expect(await conversations().addMembers(conversation.id, [ada, eve])).toEqual([]);
      expect(await conversations().members(conversation.id, 10)).toEqual([ada, bob, eve]);
    });

    test('rename changes one conversation only, and ignores an unknown one', async () => {
      const ada = newUserId();
      const [conversation, other] = [newConversation(ada), newConversation(ada)];
      for (const each of [conversation, other]) await conversations().create(each, [ada]);
      await conversations().rename(conversation.id, 'Plans 🗺️');
      await conversations().rename(randomUUID() as ConversationId, 'nowhere');
      expect(await conversations().findById(conversation.id)).toEqual({ ...conversation, title: 'Plans 🗺️' });
      expect(await conversations().findById(other.id)).toEqual(other);
    });

    test('concurrent removals remove a member once; a member who joins again is last', async () => {
      const [ada, bob] = [newUserId(), newUserId()];
      const conversation = newConversation(ada);
      await conversations().create(conversation, [ada, bob]);
      const removals = Array.from({ length: 5 }, () => conversations().removeMember(conversation.id, ada));
      expect((await Promise.all(removals)).filter((removed) => removed)).toHaveLength(1);
      expect(await conversations().isMember(conversation.id, ada)).toBe(false);
      expect(await conversations().listFor(ada)).toEqual([]);
      await conversations().addMembers(conversation.id, [ada]);
      expect(await conversations().members(conversation.id, 10)).toEqual([bob, ada]);
    });

    test('the conversations of a user are listed newest first', async () => {
      const ada = newUserId();
      const [old, recent, middle] = [1_000, 3_000, 2_000].map((createdAtMs) => newConversation(ada, { createdAtMs }));
      for (const conversation of [old, recent, middle]) {
        await conversations().create(conversation as ConversationRecord, [ada]);
      }
      await conversations().create(newConversation(ada), [newUserId()]);
      expect(await conversations().listFor(ada)).toEqual([recent, middle, old]);
    });

    test('a page of the list has the newest activity first, and the next page follows it', async () => {
      const ada = newUserId();
      const [quiet, busy, fresh] = [1_000, 2_000, 3_000].map((createdAtMs) => newConversation(ada, { createdAtMs }));
      const twins = [newConversation(ada, { createdAtMs: 500 }), newConversation(ada, { createdAtMs: 500 })];
      twins.sort((a, b) => (a.id < b.id ? 1 : -1));
      const all = [quiet, busy, fresh, ...twins] as ConversationRecord[];
      for (const conversation of all) await conversations().create(conversation, [ada]);
      await conversations().create(newConversation(ada), [newUserId()]);
      const messageIn = (conversation: ConversationRecord | undefined, seq: number, createdAtMs: number) =>
        newMessage({ conversationId: conversation?.id as ConversationId, seq, createdAtMs });
      await messages().saveBatch([messageIn(busy, 2, 9_000), messageIn(busy, 1, 8_000), messageIn(quiet, 1, 2_500)]);
      await messages().saveBatch([messageIn(busy, 3, 7_000)]);
      const expected = [busy, fresh, quiet, ...twins];
      const activity = [9_000, 3_000, 2_500, 500, 500];
      const whole = await conversations().listPage(ada, { limit: 5, maxMembers: 100 });
      expect(whole).toEqual({
        conversations: expected.map((conversation, index) => ({
          conversation,
          memberIds: [ada],
          activeAtMs: activity[index],
        })),
        hasMore: false,
      });
      const listed: (ConversationRecord | undefined)[] = [];
      for (let after: ListPosition | undefined; ; ) {
        const page = await conversations().listPage(ada, { limit: 2, maxMembers: 100, after });
        listed.push(...page.conversations.map(({ conversation }) => conversation));
        expect(page.conversations.length).toBe(listed.length < 5 ? 2 : 1);
        const last = page.conversations.at(-1);
        if (!page.hasMore || !last) break;
        after = { activeAtMs: last.activeAtMs, id: last.conversation.id };
      }
      expect(listed).toEqual(expected);
      expect(await conversations().listPage(newUserId(), { limit: 2, maxMembers: 9 })).toEqual({
        conversations: [],
        hasMore: false,
      });
    });

    test('a page of the list ends before it has too many members, but not before its first conversation', async () => {
      const ada = newUserId();
      const memberIds = (count: number) => [ada, ...Array.from({ length: count - 1 }, newUserId)];
      const pages: [ConversationRecord, UserId[]][] = [
        [newConversation(ada, { createdAtMs: 5 }), memberIds(4)],
        [newConversation(ada, { createdAtMs: 4, kind: 'channel' }), memberIds(9)],
        [newConversation(ada, { createdAtMs: 3 }), memberIds(2)],
        [newConversation(ada, { createdAtMs: 2 }), memberIds(1)],
        [newConversation(ada, { createdAtMs: 1 }), memberIds(3)],
      ];
      for (const [conversation, ids] of pages) await conversations().create(conversation, ids);
      const idsOf = async (maxMembers: number) => {
        const page = await conversations().listPage(ada, { limit: 9, maxMembers });
        return { sizes: page.conversations.map((each) => each.memberIds.length), hasMore: page.hasMore };
      };
      expect(await idsOf(6)).toEqual({ sizes: [4, 0, 2], hasMore: true });
      expect(await idsOf(1)).toEqual({ sizes: [4], hasMore: true });
      expect(await idsOf(10)).toEqual({ sizes: [4, 0, 2, 1, 3], hasMore: false });
      const { conversations: listed } = await conversations().listPage(ada, { limit: 9, maxMembers: 99 });
      expect(listed.map((each) => each.memberIds)).toEqual(
        pages.map(([{ kind }, ids]) => (kind === 'channel' ? [] : ids)),
      );
    });

    test('memberships are counted for each user, and found among conversations', async () => {
      const [ada, bob, eve] = [newUserId(), newUserId(), newUserId()];
      const [first, second] = [newConversation(ada), newConversation(ada)];
      await conversations().create(first, [ada, bob]);
      await conversations().create(second, [ada]);
      expect(await conversations().countMemberships([eve, ada, bob])).toEqual([0, 2, 1]);
      expect(await conversations().countMemberships([])).toEqual([]);
      const ids = [first.id, randomUUID() as ConversationId, second.id];
      expect((await conversations().membershipsAmong(ada, ids)).sort()).toEqual([first.id, second.id].sort());
      expect(await conversations().membershipsAmong(bob, ids)).toEqual([first.id]);
      expect(await conversations().membershipsAmong(eve, [])).toEqual([]);
    });

    test('a pair has one direct conversation, in either order of the pair', async () => {
      const [ada, bob, eve] = [newUserId(), newUserId(), newUserId()];
      const first = newDirect(ada);
      expect(await conversations().findDirect([ada, bob])).toBeUndefined();
      expect(await conversations().createDirect(first, [ada, bob])).toEqual({ conversation: first, created: true });
      expect(await conversations().findDirect([ada, bob])).toEqual(first);
      expect(await conversations().findDirect([bob, ada])).toEqual(first);
      expect(await conversations().createDirect(newDirect(bob), [bob, ada])).toEqual({
        conversation: first,
        created: false,
      });
      expect(await conversations().createDirect(first, [ada, bob])).toEqual({ conversation: first, created: true });
      const other = newDirect(ada);
      expect(await conversations().createDirect(other, [ada, eve])).toEqual({ conversation: other, created: true });
      expect((await conversations().listFor(bob)).map(({ id }) => id)).toEqual([first.id]);
    });

    test('concurrent requests create one direct conversation, and all callers get it with both members', async () => {
      const [ada, bob] = [newUserId(), newUserId()];
      const askers = Array.from({ length: 12 }, async (_, index) => {
        const pair = index % 2 === 0 ? ([ada, bob] as const) : ([bob, ada] as const);
        const outcome = await conversations().createDirect(newDirect(pair[0]), pair);
        const members = await conversations().members(outcome.conversation.id, 10);
        return { ...outcome, members: members.sort() };
      });
      const outcomes = await Promise.all(askers);
      expect(outcomes.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(outcomes.map(({ conversation }) => conversation.id)).size).toBe(1);
      for (const { members } of outcomes) expect(members).toEqual([ada, bob].sort());
      expect(await conversations().listFor(ada)).toHaveLength(1);
    });
  });
}
