import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  type ConversationId,
  MAX_TEXT_CHARACTERS,
  MESSAGE_KINDS,
  type MediaId,
  type MessageId,
  type MessageRecord,
  type Seq,
} from '@parley/protocol';
import type { MessageStore } from './message-store.ts';
import { newConversationId, newMessage } from './new-message.ts';

const newMessages = (conversationId: ConversationId, count: number) =>
  Array.from({ length: count }, (_, index) => newMessage({ conversationId, seq: index + 1, text: `${index + 1}` }));

const TEXTS = {
  emoji: '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽',
  'right to left': 'שלום עולם — مرحبا بالعالم \u202eabc',
  'combining characters': 'Å is not Å, and Z̷͎̈́ stays',
  'control characters': 'a\u0000b\u0007\r\n\tc',
  'quotes and operators': `'; DROP TABLE messages; -- " $where {"$gt": ""}`,
  noncharacters: '\uffff\u{10ffff}',
  'the longest text': '𝒳'.repeat(MAX_TEXT_CHARACTERS),
} as const;

export function messageStoreContract(messages: () => MessageStore): void {
  describe('messages', () => {
    test('every field of every kind is returned as it was saved', async () => {
      const conversationId = newConversationId();
      const media = { mediaId: 'm-1' as MediaId, contentType: 'audio/ogg; codecs=opus', bytes: 2 ** 40 };
      const batch = MESSAGE_KINDS.map((kind, index) =>
        newMessage({ conversationId, seq: index + 1, kind, replyTo: `earlier-${index}` as MessageId }),
      );
      const { text: _, ...withoutText } = newMessage({ conversationId, seq: batch.length + 1, kind: 'audio', media });
      batch.push(withoutText);
      batch.push(
        newMessage({ conversationId, seq: batch.length + 1, kind: 'video', media: { ...media, durationMs: 0 } }),
      );
      expect(await messages().saveBatch(batch)).toEqual({ rejected: [] });
      const stored = await messages().readRange(conversationId, 1, batch.length);
      expect(stored).toEqual(batch);
      expect(stored.map((message) => Object.keys(message).sort())).toEqual(
        batch.map((message) => Object.keys(message).sort()),
      );
    });

    test.each(Object.entries(TEXTS))('a text with %s is returned unchanged', async (_, text) => {
      const message = newMessage({ text });
      await messages().saveBatch([message]);
      expect((await messages().findById(message.id))?.text).toBe(text);
    });

    test('the trace is stored, and only findById returns it', async () => {
      const message = newMessage({});
      const trace = { acceptedBy: 'chat-server-1', savedBy: 'message-worker-2', publishedAtMs: 12, savedAtMs: 34 };
      const ofEpoch = { ...newMessage({}), trace: { ...trace, epoch: 'k3JxQ0aZb1Lw' } };
      await messages().saveBatch([{ ...message, trace }, ofEpoch]);
      expect(await messages().findById(message.id)).toEqual({ ...message, trace });
      expect(await messages().findById(ofEpoch.id)).toEqual(ofEpoch);
      expect(await messages().readRange(message.conversationId, message.seq, message.seq)).toEqual([message]);
    });

    test('a batch can have 500 messages of many conversations', async () => {
      const conversationIds = Array.from({ length: 10 }, newConversationId);
      const batch = conversationIds.flatMap((conversationId) => newMessages(conversationId, 50)).reverse();
      expect(await messages().saveBatch(batch)).toEqual({ rejected: [] });
      for (const conversationId of conversationIds) {
        const stored = await messages().readRange(conversationId, 1, 100);
        expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      }
    });

    test('a batch can be empty', async () => {
      expect(await messages().saveBatch([])).toEqual({ rejected: [] });
    });

    test('saveBatch is idempotent, even within one batch', async () => {
      const conversationId = newConversationId();
      const batch = newMessages(conversationId, 5);
      await messages().saveBatch(batch.slice(0, 3));
      expect(await messages().saveBatch([...batch, ...batch])).toEqual({ rejected: [] });
      expect(await messages().readRange(conversationId, 1, 10)).toEqual(batch);
    });

    test('concurrent saves of one batch store each message once and reject none', async () => {
      const conversationId = newConversationId();
      const batch = newMessages(conversationId, 100);
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => messages().saveBatch(batch)));
      expect(outcomes).toEqual(Array.from({ length: 8 }, () => ({ rejected: [] })));
      expect(await messages().readRange(conversationId, 1, 200)).toEqual(batch);
    });

    test('another message with a used seq is rejected, and the rest of the batch is stored', async () => {
      const conversationId = newConversationId();
      const [first, second, third] = newMessages(conversationId, 3) as [MessageRecord, MessageRecord, MessageRecord];
      await messages().saveBatch([second]);
      const impostor = newMessage({ conversationId, seq: 2 });
      const { rejected } = await messages().saveBatch([first, impostor, third]);
      const reason = `seq 2 of ${conversationId} is taken by ${second.id}`;
      expect(rejected).toEqual([{ id: impostor.id, reason, takenBy: second.id }]);
      expect(await messages().readRange(conversationId, 1, 10)).toEqual([first, second, third]);
    });

    test('another message with a used id is rejected, in any conversation', async () => {
      const original = newMessage({ seq: 3 });
      await messages().saveBatch([original]);
      const elsewhere = newMessage({ id: original.id, seq: 3 });
      const later = { ...original, seq: 4 as Seq };
      const reason = `its id is taken by seq 3 of ${original.conversationId}`;
      expect(await messages().saveBatch([elsewhere, later])).toEqual({
        rejected: [
          { id: original.id, reason },
          { id: original.id, reason },
        ],
      });
      expect(await messages().findById(original.id)).toEqual(original);
    });

    test('of two messages with one seq in a batch, one is stored and the other rejected', async () => {
      const conversationId = newConversationId();
      const rivals = [newMessage({ conversationId }), newMessage({ conversationId })];
      const { rejected } = await messages().saveBatch(rivals);
      const [stored] = await messages().readRange(conversationId, 1, 1);
      expect([...rejected.map(({ id }) => id), stored?.id].sort()).toEqual(rivals.map(({ id }) => id).sort());
    });

    test('exactly one of several concurrent messages with one seq is stored', async () => {
      const conversationId = newConversationId();
      const rivals = Array.from({ length: 8 }, () => newMessages(conversationId, 20));
      const outcomes = await Promise.all(rivals.map((batch) => messages().saveBatch(batch)));
      const stored = await messages().readRange(conversationId, 1, 100);
      expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      const rejectedIds = outcomes.flatMap(({ rejected }) => rejected.map(({ id }) => id));
      const allIds = rivals.flat().map(({ id }) => id);
      expect([...rejectedIds, ...stored.map(({ id }) => id)].sort()).toEqual(allIds.sort());
    });

    test.each<[string, Record<string, unknown>]>([
      ['a lone surrogate', { text: 'half \ud83d' }],
      ['a text without end', { text: 'x'.repeat(1_000_000) }],
      ['a seq of 0', { seq: 0 }],
      ['half a seq', { seq: 1.5 }],
      ['a seq that is not a number', { seq: '1' }],
      ['an empty id', { id: '' }],
      ['an id that is an operator', { id: { $gt: '' } }],
      ['an endless conversation id', { conversationId: 'c'.repeat(65) }],
      ['no sender', { senderId: undefined }],
      ['an unknown kind', { kind: 'telepathy' }],
      ['an incomplete attachment', { media: { mediaId: 'm' } }],
      ['no time', { createdAtMs: Number.NaN }],
      [
        'a trace without end',
        { trace: { acceptedBy: 'x'.repeat(1_000), savedBy: 'w', publishedAtMs: 1, savedAtMs: 2 } },
      ],
    ])('%s is rejected with the reason, and the rest of the batch is stored', async (_, fields) => {
      const good = newMessage({});
      const bad = { ...newMessage({}), ...fields } as MessageRecord;
      const { rejected } = await messages().saveBatch([bad, good]);
      expect(rejected).toEqual([{ id: bad.id, reason: expect.stringMatching(/^[a-zA-Z]+: /) }]);
      expect(await messages().findById(good.id)).toEqual(good);
    });

    test('readRange includes both bounds, is ordered by seq, and can be empty', async () => {
      const conversationId = newConversationId();
      await messages().saveBatch(newMessages(conversationId, 10).reverse());
      await messages().saveBatch(newMessages(newConversationId(), 10));
      const seqs = async (fromSeq: number, toSeq: number) =>
        (await messages().readRange(conversationId, fromSeq, toSeq)).map(({ seq }) => seq);
      expect(await seqs(3, 6)).toEqual([3, 4, 5, 6]);
      expect(await seqs(4, 4)).toEqual([4]);
      expect(await seqs(0, 2)).toEqual([1, 2]);
      expect(await seqs(9, Number.MAX_SAFE_INTEGER)).toEqual([9, 10]);
      expect(await seqs(6, 3)).toEqual([]);
      expect(await seqs(11, 20)).toEqual([]);
      expect(await messages().readRange(newConversationId(), 1, 10)).toEqual([]);
    });

    test('large seqs are ordered and compared as numbers', async () => {
      const conversationId = newConversationId();
      const seqs = [9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER];
      await messages().saveBatch(seqs.map((seq) => newMessage({ conversationId, seq })).reverse());
      const stored = await messages().readRange(conversationId, 10, Number.MAX_SAFE_INTEGER);
      expect(stored.map(({ seq }) => seq)).toEqual(seqs.slice(1));
      expect(await messages().headSeq(conversationId)).toBe(Number.MAX_SAFE_INTEGER);
    });

    test('headSeq is the largest seq of a conversation, 0 without messages', async () => {
      const conversationId = newConversationId();
      expect(await messages().headSeq(conversationId)).toBe(0);
      await messages().saveBatch([newMessage({ conversationId, seq: 12 }), newMessage({ conversationId, seq: 4 })]);
      expect(await messages().headSeq(conversationId)).toBe(12);
      expect(await messages().headSeq(newConversationId())).toBe(0);
    });

    test('headSeqs is headSeq of each conversation, in the order of the ids', async () => {
      const [first, second, empty] = [newConversationId(), newConversationId(), newConversationId()];
      await messages().saveBatch([...newMessages(first, 3), ...newMessages(second, 7)]);
      expect(await messages().headSeqs([second, empty, first, second])).toEqual([7, 0, 3, 7]);
      expect(await messages().headSeqs([])).toEqual([]);
    });

    test('a message is saved without fields that the store does not know, whatever they contain', async () => {
      let nested: unknown = 1;
      for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
      const media = { mediaId: 'm-1' as MediaId, contentType: 'image/png', bytes: 9 };
      const message = newMessage({ kind: 'image', media });
      const withMore = { ...message, nested, media: { ...media, nested } };
      expect(await messages().saveBatch([withMore])).toEqual({ rejected: [] });
      expect(await messages().findById(message.id)).toEqual(message);
    });

    test('findById returns a message, or undefined for an unknown id', async () => {
      const message = newMessage({ seq: 5 });
      await messages().saveBatch([message]);
      expect(await messages().findById(message.id)).toEqual(message);
      expect(await messages().findById(randomUUID() as MessageId)).toBeUndefined();
    });
  });

  describe('fillGaps', () => {
    const bySeq = async (conversationId: ConversationId, toSeq: number) =>
      (await messages().readRange(conversationId, 1, toSeq)).map(({ seq, kind }) => `${seq} ${kind}`);

    test('saves a placeholder at each position of the ranges that has no message', async () => {
      const conversationId = newConversationId();
      const other = newConversationId();
      const saved = [1, 4, 5, 8].map((seq) => newMessage({ conversationId, seq, createdAtMs: 1_000 + seq }));
      await messages().saveBatch([...saved, newMessage({ conversationId: other, seq: 2 })]);
      const ranges = [
        { conversationId, fromSeq: 3, toSeq: 8 },
        { conversationId: other, fromSeq: 1, toSeq: 2 },
      ];
      expect(await messages().fillGaps(ranges)).toBe(4);
      expect(await messages().fillGaps(ranges)).toBe(0);
      expect(await messages().fillGaps([])).toBe(0);
      expect(await bySeq(conversationId, 9)).toEqual([
        ...['1 text', '3 system', '4 text', '5 text', '6 system', '7 system', '8 text'],
      ]);
      expect(await bySeq(other, 9)).toEqual(['1 system', '2 text']);
      const [placeholder] = await messages().readRange(conversationId, 6, 6);
      expect(placeholder).toEqual({
        id: expect.any(String),
        conversationId,
        seq: 6,
        senderId: 'system',
        clientMessageId: expect.any(String),
        kind: 'system',
        createdAtMs: 1_005,
      });
      expect(await messages().findById((placeholder as MessageRecord).id)).toEqual(placeholder);
      expect(await messages().readRange(conversationId, 4, 5)).toEqual(saved.slice(1, 3));
    });

    test('fills a position once in a race', async () => {
      const conversationId = newConversationId();
      await messages().saveBatch([newMessage({ conversationId, seq: 41 })]);
      const range = { conversationId, fromSeq: 1, toSeq: 40 };
      const late = Array.from({ length: 40 }, (_, index) => newMessage({ conversationId, seq: index + 1 }));
      const [{ rejected }] = await Promise.all([
        messages().saveBatch(late),
        ...Array.from({ length: 4 }, () => messages().fillGaps([range])),
      ]);
      const stored = await messages().readRange(conversationId, 1, 50);
      expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
      expect(stored.filter(({ kind }) => kind === 'text')).toHaveLength(41 - rejected.length);
    });
  });

  describe('withdraw', () => {
    test('deletes a message, and its seq is free again', async () => {
      const conversationId = newConversationId();
      const [first, old, third] = newMessages(conversationId, 3) as [MessageRecord, MessageRecord, MessageRecord];
      const current = newMessage({ conversationId, seq: 2 });
      await messages().saveBatch([first, old, third]);
      expect((await messages().saveBatch([current])).rejected).toMatchObject([{ id: current.id, takenBy: old.id }]);
      await messages().withdraw(old);
      expect(await messages().findById(old.id)).toBeUndefined();
      expect(await messages().saveBatch([current])).toEqual({ rejected: [] });
      expect(await messages().readRange(conversationId, 1, 3)).toEqual([first, current, third]);
    });

    test('does nothing unless the id is stored at this position, and may be repeated', async () => {
      const [message, unknown] = [newMessage({ seq: 2 }), newMessage({ seq: 2 })];
      await messages().saveBatch([message]);
      await messages().withdraw({ ...message, seq: 3 as Seq });
      await messages().withdraw({ ...message, conversationId: newConversationId() });
      await messages().withdraw({ ...unknown, conversationId: message.conversationId });
      expect(await messages().findById(message.id)).toEqual(message);
      await messages().withdraw(message);
      await messages().withdraw(message);
      expect(await messages().findById(message.id)).toBeUndefined();
    });
  });
}
