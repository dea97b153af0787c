import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { conversationStoreContract, newConversation } from './conversation-store.contract.ts';
import { lastSeenStoreContract, markerStoreContract } from './marker-store.contract.ts';
import { messageSearchContract } from './message-search.contract.ts';
import { messageStoreContract } from './message-store.contract.ts';
import { newConversationId, newMessage } from './new-message.ts';
import { refreshTokenStoreContract } from './refresh-token-store.contract.ts';
import { sentMessagesContract } from './sent-messages.contract.ts';
import { type Store, StoreUnavailable } from './store.ts';
import { newUser, userStoreContract } from './user-store.contract.ts';

/**
 * The behaviour of every implementation of `Store`.
 *
 * @param open opens the same database each time
 */
export function storeContract(open: () => Promise<Store>): void {
  let store: Store;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  messageStoreContract(() => store.messages);
  messageSearchContract(() => store.messages);
  sentMessagesContract(() => store.messages);
  userStoreContract(() => store.users);
  conversationStoreContract(
    () => store.conversations,
    () => store.messages,
  );
  refreshTokenStoreContract(() => store.refreshTokens);
  markerStoreContract(() => store.markers);
  lastSeenStoreContract(() => store.lastSeen);

  describe('the store as a whole', () => {
    test('a ping resolves', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });

    test('all data survives closing and opening', async () => {
      const conversationId = newConversationId();
      const message = newMessage({ conversationId, seq: 7, text: 'still here' });
      const user = newUser();
      const conversation = newConversation(user.id);
      const tokenHash = randomUUID();
      const first = await open();
      await first.messages.saveBatch([message]);
      await first.users.create(user);
      await first.conversations.create(conversation, [user.id]);
      await first.refreshTokens.issue({ tokenHash, familyId: randomUUID(), userId: user.id, expiresAtMs: 2_000 });
      await first.close();

      const second = await open();
      try {
        expect(await second.messages.readRange(conversationId, 1, 10)).toEqual([message]);
        expect(await second.users.findByUsername(user.username)).toEqual(user);
        expect(await second.conversations.listFor(user.id)).toEqual([conversation]);
        expect(await second.conversations.members(conversation.id, 10)).toEqual([user.id]);
        const next = { tokenHash: randomUUID(), expiresAtMs: 3_000 };
        expect(await second.refreshTokens.rotate(tokenHash, next, 1_000)).toEqual({ kind: 'rotated', userId: user.id });
      } finally {
        await second.close();
      }
    });

    test('many instances can be open at once, and each sees the writes of the others', async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, open));
      try {
        const conversationId = newConversationId();
        const batch = stores.map((_, index) => newMessage({ conversationId, seq: index + 1 }));
        await Promise.all(stores.map((each, index) => each.messages.saveBatch(batch.slice(index, index + 1))));
        for (const each of stores) expect(await each.messages.readRange(conversationId, 1, 10)).toEqual(batch);
      } finally {
        await Promise.all(stores.map((each) => each.close()));
      }
    });

    test('after close, which is idempotent, every call rejects with StoreUnavailable', async () => {
      const closed = await open();
      await closed.close();
      await closed.close();
      await expect(closed.ping()).rejects.toThrow(StoreUnavailable);
      await expect(closed.users.findById('nobody' as UserId)).rejects.toThrow(StoreUnavailable);
      await expect(closed.messages.saveBatch([newMessage({})])).rejects.toThrow(StoreUnavailable);
    });
  });
}
