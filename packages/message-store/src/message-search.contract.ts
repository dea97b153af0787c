import { describe, expect, test } from '@jest/globals';
import type { ConversationId, MediaId, MessageId, MessageRecord } from '@parley/protocol';
import type { MessageSearch, MessageStore } from './message-store.ts';
import { newConversationId, newMessage } from './new-message.ts';

type MessageFields = Parameters<typeof newMessage>[0];

/** A conversation whose messages get the next seq and a time of their own. */
function newThread() {
  const conversationId = newConversationId();
  let seq = 0;
  return {
    conversationId,
    say(fields: MessageFields): MessageRecord {
      seq += 1;
      return newMessage({ conversationId, seq, createdAtMs: 1_767_225_600_000 + seq, ...fields });
    },
    edit(target: MessageRecord, text: string) {
      return this.say({ kind: 'edit', replyTo: target.id, text });
    },
    delete(target: MessageRecord): MessageRecord {
      const { text: _, ...deletion } = this.say({ kind: 'delete', replyTo: target.id });
      return deletion;
    },
  };
}

/** All orders of three things. */
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

const media = { mediaId: 'm-1' as MediaId, contentType: 'image/png', bytes: 9 };

export function messageSearchContract(messages: () => MessageStore): void {
  const find = (text: string, conversationIds: readonly ConversationId[], rest: Partial<MessageSearch> = {}) =>
    messages().search({ text, conversationIds, limit: 100, ...rest });
  const textsFound = async (text: string, ...conversationIds: ConversationId[]) =>
    (await find(text, conversationIds)).map((hit) => hit.text);

  describe('message search', () => {
    test('finds messages that have all words of the query, each as the beginning of a word, newest first', async () => {
      const { conversationId, say } = newThread();
      const [first, , third] = await save(
        say({ text: 'Down at the Harbour, at nine' }),
        say({ text: 'down the hill' }),
        say({ text: 'HARBOURS all the way down' }),
        say({ text: 'Nothing of that kind' }),
      );
      expect(await find('harb dow', [conversationId])).toEqual([third, first]);
      expect(await find('arbour', [conversationId])).toEqual([]);
      expect(await find('harbour nine down', [conversationId])).toEqual([first]);
    });

    test.each([
      ['Grüße aus Zürich', 'zurich gru'],
      ['Встретимся в Ёлках', 'елк встр'],
      ['שָׁלוֹם עולם', 'שלום'],
      ['नमस्ते दुनिया', 'नमस्'],
      ['여러분 안녕하세요', '안녕'],
      ['我们明天在码头见', '明天'],
      ['我们明天在码头见', '见'],
      ['今日は寿司を食べるよ', '寿司を'],
      ['คุณสวัสดีตอนเช้า', 'สวัสดี'],
      ['bell\u0007whistle\u0000drum_kit', 'whistle kit DRUM'],
      [`${'x'.repeat(100)} y`, 'x'.repeat(90)],
    ])('finds %j by %j', async (text, query) => {
      const { conversationId, say } = newThread();
      const [message] = await save(say({ text }), say({ text: 'something else' }));
      expect(await find(query, [conversationId])).toEqual([message]);
    });

    test('finds only what is in the conversations asked for', async () => {
      const [mine, ours, theirs] = [newThread(), newThread(), newThread()];
      await save(
        mine.say({ text: 'secret one' }),
        ours.say({ text: 'secret two' }),
        theirs.say({ text: 'secret three' }),
      );
      expect(await textsFound('secret', mine.conversationId)).toEqual(['secret one']);
      expect((await textsFound('secret', mine.conversationId, ours.conversationId)).sort()).toEqual([
        'secret one',
        'secret two',
      ]);
      expect(await textsFound('secret')).toEqual([]);
      expect(await textsFound('secret', newConversationId())).toEqual([]);
      const others = Array.from({ length: 300 }, newConversationId);
      expect(await textsFound('secret', ...others, theirs.conversationId)).toEqual(['secret three']);
    });

    test('gives pages in one order, also where many messages have one time', async () => {
      const threads = [newThread(), newThread()];
      const all = Array.from({ length: 40 }, (_, index) =>
        (threads[index % 2] as ReturnType<typeof newThread>).say({
          text: `page ${index}`,
          createdAtMs: 1_767_225_600_000 + Math.floor(index / 15),
        }),
      );
      await save(...all.toReversed());
      const expected = all
        .toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
        .map(({ id }) => id);
      for (const limit of [1, 7, 40, 41]) {
        const found: MessageId[] = [];
        for (;;) {
          const page = await find(
            'page',
            threads.map((thread) => thread.conversationId),
            { limit, before: found.at(-1) },
          );
          found.push(...page.map(({ id }) => id));
          if (page.length < limit) break;
        }
        expect(found).toEqual(expected);
      }
    });

    test('goes on below a message that is no hit, and finds nothing below one that is not there', async () => {
      const { conversationId, say } = newThread();
      const [first, middle] = await save(say({ text: 'red one' }), say({ text: 'blue' }), say({ text: 'red two' }));
      expect(await find('red', [conversationId], { before: middle?.id })).toEqual([first]);
      expect(await find('red', [conversationId], { before: 'nowhere' as MessageId })).toEqual([]);
      expect(await find('red', [conversationId], { limit: 0 })).toEqual([]);
    });

    test('finds captions of media; never changes, reactions and system lines', async () => {
      const { conversationId, say } = newThread();
      const [target, image] = await save(say({ text: 'target' }), say({ kind: 'image', text: 'a kite', media }));
      await save(
        say({ kind: 'system', text: 'renamed it to kite' }),
        say({ kind: 'reaction', replyTo: image?.id as MessageId, text: 'kite' }),
        say({ kind: 'edit', replyTo: target?.id as MessageId, text: 'no bird' }),
      );
      expect(await find('kite', [conversationId])).toEqual([image]);
      expect((await find('bird', [conversationId])).map(({ id }) => id)).toEqual([target?.id]);
    });

    test.each([
      ' ',
      '!?',
      '"',
      'a" OR "b',
      '*',
      '^',
      '\ue000',
      '$where',
      '.*',
      '(',
      '-',
      '\\',
      '\0',
      '🎉',
      'NEAR(a b)',
    ])('takes %j for words, if it has any, and for nothing else', async (query) => {
      const { conversationId, say } = newThread();
      await save(say({ text: 'alpha' }), say({ text: 'beta' }), say({ text: '... "!?" 🎉' }));
      expect(await find(query, [conversationId])).toEqual([]);
    });

    test.each(ORDERS)('knows the newest edit, saved in the order %i %i %i', async (...order) => {
      const thread = newThread();
      const target = thread.say({ text: 'the first words' });
      const saved = [target, thread.edit(target, 'second try'), thread.edit(target, 'third attempt')];
      for (const place of order) await save(saved[place] as MessageRecord);
      const ids = [thread.conversationId];
      expect(await find('third att', ids)).toEqual([{ ...target, text: 'third attempt' }]);
      expect([...(await find('first', ids)), ...(await find('second', ids))]).toEqual([]);
      // The history keeps what was said, and each change.
      expect(await messages().readRange(thread.conversationId, 1, 10)).toEqual(saved);
      await save(target);
      expect(await textsFound('third', ...ids)).toEqual(['third attempt']);
      expect(await textsFound('words', ...ids)).toEqual([]);
    });

    test.each(ORDERS)('gives nothing of a deleted message away, saved in the order %i %i %i', async (...order) => {
      const thread = newThread();
      const target = thread.say({ kind: 'image', text: 'a secret', media });
      const edit = thread.edit(target, 'another secret');
      const deletion = thread.delete(target);
      for (const place of order) await save([target, edit, deletion][place] as MessageRecord);
      await save(target, edit);
      const { text: _text, media: _media, ...emptied } = target;
      const { text: _newText, ...emptiedEdit } = edit;
      expect(await messages().readRange(thread.conversationId, 1, 10)).toEqual([emptied, emptiedEdit, deletion]);
      expect(await messages().findById(target.id)).toEqual(emptied);
      expect(await messages().findById(edit.id)).toEqual(emptiedEdit);
      expect(await find('secret', [thread.conversationId])).toEqual([]);
      expect(await find('another', [thread.conversationId])).toEqual([]);
    });

    test('lets changes take effect that come in the batch of their target', async () => {
      const thread = newThread();
      const [kept, edited, deleted] = ['kept', 'edited', 'deleted'].map((text) =>
        thread.say({ text: `note ${text}` }),
      ) as [MessageRecord, MessageRecord, MessageRecord];
      const changes = [
        thread.edit(edited, 'note rewritten'),
        thread.delete(deleted),
        thread.edit(deleted, 'note again'),
      ];
      await save(...changes.toReversed(), deleted, edited, kept);
      expect(await textsFound('note', thread.conversationId)).toEqual(['note rewritten', 'note kept']);
    });

    test('lets changes take effect that are saved at the same moment as their target', async () => {
      const thread = newThread();
      const targets = Array.from({ length: 40 }, (_, index) => thread.say({ text: `draft ${index}` }));
      const changes = targets.map((target, index) =>
        index % 2 ? thread.delete(target) : thread.edit(target, `final ${index}`),
      );
      await Promise.all([...targets, ...changes].map((message) => save(message)));
      expect(await find('draft', [thread.conversationId])).toEqual([]);
      const finals = await textsFound('final', thread.conversationId);
      expect(finals).toEqual(Array.from({ length: 20 }, (_, index) => `final ${38 - 2 * index}`));
    });

    test('takes an edit that leaves no word, and one that gives a medium its first', async () => {
      const thread = newThread();
      const target = thread.say({ text: 'words' });
      const { text: _, ...image } = thread.say({ kind: 'image', media });
      await save(target, image, thread.edit(target, '!!'), thread.edit(image, 'a caption'));
      expect(await find('words', [thread.conversationId])).toEqual([]);
      expect(await find('caption', [thread.conversationId])).toEqual([{ ...image, text: 'a caption' }]);
    });

    test('lets no change count that comes from another conversation', async () => {
      const [thread, elsewhere] = [newThread(), newThread()];
      const target = thread.say({ text: 'untouched' });
      await save(elsewhere.delete(target), target, elsewhere.edit(target, 'touched'));
      expect(await find('untouched', [thread.conversationId])).toEqual([target]);
      expect(await messages().findById(target.id)).toEqual(target);
    });
  });

  async function save<T extends MessageRecord[]>(...batch: T): Promise<T> {
    expect(await messages().saveBatch(batch)).toEqual({ rejected: [] });
    return batch;
  }
}
