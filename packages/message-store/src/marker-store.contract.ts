import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import type { LastSeenStore } from './last-seen-store.ts';
import type { MarkerRecord, MarkerStore } from './marker-store.ts';
import { newConversationId } from './new-message.ts';

const newUserId = () => randomUUID() as UserId;

const newMarker = (overrides: Partial<MarkerRecord> = {}): MarkerRecord => ({
  userId: newUserId(),
  conversationId: newConversationId(),
  readSeq: 5,
  readAtMs: 1_767_225_600_123,
  deliveredSeq: 7,
  ...overrides,
});

const byUser = (a: { userId: UserId }, b: { userId: UserId }) => (a.userId < b.userId ? -1 : 1);

export function markerStoreContract(markers: () => MarkerStore): void {
  describe('markers', () => {
    test('are found by user and by conversation', async () => {
      const [userId, conversationId] = [newUserId(), newConversationId()];
      const own = [newMarker({ userId, conversationId }), newMarker({ userId })];
      const other = newMarker({ conversationId, readSeq: 0, readAtMs: 0 });
      await markers().saveBatch([...own, other]);
      const found = await markers().listForUser(userId);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining(own));
      expect((await markers().listForConversation(conversationId)).sort(byUser)).toEqual(
        [own[0] as MarkerRecord, other].sort(byUser),
      );
      expect(await markers().listForUser(newUserId())).toEqual([]);
      expect(await markers().listForConversation(newConversationId())).toEqual([]);
    });

    test('each number only grows, whatever the order of calls', async () => {
      const marker = newMarker({ readSeq: 5, readAtMs: 500, deliveredSeq: 7 });
      await markers().saveBatch([marker]);
      await markers().saveBatch([{ ...marker, readSeq: 4, readAtMs: 400, deliveredSeq: 9 }]);
      await markers().saveBatch([{ ...marker, readSeq: 6, readAtMs: 600, deliveredSeq: 0 }]);
      await markers().saveBatch([{ ...marker, readSeq: 0, readAtMs: 0, deliveredSeq: 8 }]);
      expect(await markers().listForUser(marker.userId)).toEqual([
        { ...marker, readSeq: 6, readAtMs: 600, deliveredSeq: 9 },
      ]);
    });

    test('an empty batch changes nothing', async () => {
      await expect(markers().saveBatch([])).resolves.toBeUndefined();
    });

    test('several processes save markers of the same users at once, and the largest number stays', async () => {
      const batch = Array.from({ length: 20 }, () => newMarker());
      const rounds = [3, 9, 1, 7].map((readSeq) => batch.map((marker) => ({ ...marker, readSeq, readAtMs: readSeq })));
      await Promise.all(rounds.map((round) => markers().saveBatch(round)));
      for (const marker of batch) {
        expect(await markers().listForUser(marker.userId)).toEqual([{ ...marker, readSeq: 9, readAtMs: 9 }]);
      }
    });
  });
}

export function lastSeenStoreContract(lastSeen: () => LastSeenStore): void {
  describe('last-seen times', () => {
    test('are found by user, and only grow', async () => {
      const [ada, bo, cy] = [newUserId(), newUserId(), newUserId()];
      await lastSeen().saveBatch([
        { userId: ada, lastSeenAtMs: 1_767_225_600_123 },
        { userId: bo, lastSeenAtMs: 50 },
      ]);
      await lastSeen().saveBatch([
        { userId: ada, lastSeenAtMs: 40 },
        { userId: bo, lastSeenAtMs: 60 },
      ]);
      const found = await lastSeen().findMany([ada, bo, cy]);
      expect(found.sort(byUser)).toEqual(
        [
          { userId: ada, lastSeenAtMs: 1_767_225_600_123 },
          { userId: bo, lastSeenAtMs: 60 },
        ].sort(byUser),
      );
      expect(await lastSeen().findMany([])).toEqual([]);
      await expect(lastSeen().saveBatch([])).resolves.toBeUndefined();
    });
  });
}
