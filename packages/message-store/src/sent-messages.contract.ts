import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ClientMessageId, MessageId, UserId } from '@parley/protocol';
import type { MessageStore } from './message-store.ts';
import { newConversationId, newMessage } from './new-message.ts';

const newUserId = () => randomUUID() as UserId;
const clientMessageId = (id: string) => id as ClientMessageId;

export function sentMessagesContract(messages: () => MessageStore): void {
  describe('sent messages', () => {
    test('findSent returns what one sender sent under an id, in any conversation, since a time', async () => {
      const [ada, bob] = [newUserId(), newUserId()];
      const same = { senderId: ada, clientMessageId: clientMessageId('same') };
      const [early, middle, late] = [1_000, 2_000, 3_000].map((createdAtMs) => newMessage({ ...same, createdAtMs }));
      const others = [
        newMessage({ ...same, senderId: bob }),
        newMessage({ ...same, clientMessageId: clientMessageId('other') }),
      ];
      await messages().saveBatch([late, ...others, early, middle].filter((message) => message !== undefined));
      expect(await messages().findSent(ada, same.clientMessageId, 0)).toEqual([early, middle, late]);
      expect(await messages().findSent(ada, same.clientMessageId, 2_000)).toEqual([middle, late]);
      expect(await messages().findSent(ada, same.clientMessageId, 3_001)).toEqual([]);
      expect(await messages().findSent(newUserId(), same.clientMessageId, 0)).toEqual([]);
    });

    test('findSent returns at most 10 messages', async () => {
      const same = { senderId: newUserId(), clientMessageId: clientMessageId('often') };
      await messages().saveBatch(Array.from({ length: 12 }, (_, index) => newMessage({ ...same, createdAtMs: index })));
      const found = await messages().findSent(same.senderId, same.clientMessageId, 0);
      expect(found.map(({ createdAtMs }) => createdAtMs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test('findSent returns a message with its fields, and a deleted one without its text', async () => {
      const conversationId = newConversationId();
      const message = newMessage({ conversationId, senderId: newUserId(), replyTo: 'target' as MessageId });
      const trace = { acceptedBy: 'chat-server-1', savedBy: 'message-worker-2', publishedAtMs: 12, savedAtMs: 34 };
      await messages().saveBatch([{ ...message, trace }]);
      const find = () => messages().findSent(message.senderId, message.clientMessageId, 0);
      expect(await find()).toEqual([message]);
      await messages().saveBatch([newMessage({ conversationId, seq: 2, kind: 'delete', replyTo: message.id })]);
      const { text: _, ...deleted } = message;
      expect(await find()).toEqual([deleted]);
    });

    test('sentSince returns the newest ids of one sender, up to a limit', async () => {
      const ada = newUserId();
      const batch = [1_000, 2_000, 3_000, 4_000].map((createdAtMs) =>
        newMessage({ senderId: ada, createdAtMs, clientMessageId: clientMessageId(`at-${createdAtMs}`) }),
      );
      await messages().saveBatch([...batch.reverse(), newMessage({ createdAtMs: 5_000 })]);
      expect(await messages().sentSince(ada, 2_000, 10)).toEqual(['at-4000', 'at-3000', 'at-2000']);
      expect(await messages().sentSince(ada, 0, 2)).toEqual(['at-4000', 'at-3000']);
      expect(await messages().sentSince(ada, 4_001, 10)).toEqual([]);
      expect(await messages().sentSince(newUserId(), 0, 10)).toEqual([]);
    });

    test('a store with messages is not empty', async () => {
      await messages().saveBatch([newMessage({})]);
      expect(await messages().isEmpty()).toBe(false);
    });
  });
}
