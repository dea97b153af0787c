import { describe, expect, test } from '@jest/globals';
import type { ConversationId, MediaId, MessageId, MessageRecord } from '@parley/protocol';
import type { MessageSearch, MessageStore } from './message-store.ts';
import { newConversationId, newMessage } from './new-message.ts';

type MessageFields = Parameters<typeof newMessage>[0];

/** Creates messages of one conversation with consecutive seqs and times. */
function newConversation() {
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
    test('a hit has all words of the query, each as the start of a word; newest first', async () => {
      const { conversationId, say } = newConversation();
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
    ])('%j is found by %j', async (text, query) => {
      const { conversationId, say } = newConversation();
      const [message] = await save(say({ text }), say({ text: 'something else' }));
      expect(await find(query, [conversationId])).toEqual([message]);
    });

    test('hits are limited to the given conversations', async () => {
      const [mine, ours, theirs] = [newConversation(), newConversation(), newConversation()];
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

    test('pages have one total order, even for messages with equal times', async () => {
      const conversations = [newConversation(), newConversation()];
      const all = Array.from({ length: 40 }, (_, index) =>
        (conversations[index % 2] as ReturnType<typeof newConversation>).say({
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
            conversations.map((conversation) => conversation.conversationId),
            { limit, before: found.at(-1) },
          );
          found.push(...page.map(({ id }) => id));
          if (page.length < limit) break;
        }
        expect(found).toEqual(expected);
      }
    });

    test('a page can continue after a message that is not a hit; an unknown one has no next page', async () => {
      const { conversationId, say } = newConversation();
      const [first, middle] = await save(say({ text: 'red one' }), say({ text: 'blue' }), say({ text: 'red two' }));
      expect(await find('red', [conversationId], { before: middle?.id })).toEqual([first]);
      expect(await find('red', [conversationId], { before: 'nowhere' as MessageId })).toEqual([]);
      expect(await find('red', [conversationId], { limit: 0 })).toEqual([]);
    });

    test('captions of media are hits; edits, reactions and system messages are not', async () => {
      const { conversationId, say } = newConversation();
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
    ])('the query %j has no syntax and finds nothing', async (query) => {
      const { conversationId, say } = newConversation();
      await save(say({ text: 'alpha' }), say({ text: 'beta' }), say({ text: '... "!?" 🎉' }));
      expect(await find(query, [conversationId])).toEqual([]);
    });

    test.each(ORDERS)('a message is found by its newest edit, saved in the order %i %i %i', async (...order) => {
      const conversation = newConversation();
      const target = conversation.say({ text: 'the first words' });
      const saved = [target, conversation.edit(target, 'second try'), conversation.edit(target, 'third attempt')];
      for (const place of order) await save(saved[place] as MessageRecord);
      const ids = [conversation.conversationId];
      expect(await find('third att', ids)).toEqual([{ ...target, text: 'third attempt' }]);
      expect([...(await find('first', ids)), ...(await find('second', ids))]).toEqual([]);
      // The history keeps the original and each edit.
      expect(await messages().readRange(conversation.conversationId, 1, 10)).toEqual(saved);
      await save(target);
      expect(await textsFound('third', ...ids)).toEqual(['third attempt']);
      expect(await textsFound('words', ...ids)).toEqual([]);
    });

    test.each(ORDERS)('a deleted message has no text, media or hits, saved in the order %i %i %i', async (...order) => {
      const conversation = newConversation();
      const target = conversation.say({ kind: 'image', text: 'a secret', media });
      const edit = conversation.edit(target, 'another secret');
      const deletion = conversation.delete(target);
      for (const place of order) await save([target, edit, deletion][place] as MessageRecord);
      await save(target, edit);
      const { text: _text, media: _media, ...emptied } = target;
      const { text: _newText, ...emptiedEdit } = edit;
      expect(await messages().readRange(conversation.conversationId, 1, 10)).toEqual([emptied, emptiedEdit, deletion]);
      expect(await messages().findById(target.id)).toEqual(emptied);
      expect(await messages().findById(edit.id)).toEqual(emptiedEdit);
      expect(await find('secret', [conversation.conversationId])).toEqual([]);
      expect(await find('another', [conversation.conversationId])).toEqual([]);
    });

    test('changes apply to targets in the same batch', async () => {
      const conversation = newConversation();
      const [kept, edited, deleted] = ['kept', 'edited', 'deleted'].map((text) =>
        conversation.say({ text: `note ${text}` }),
      ) as [MessageRecord, MessageRecord, MessageRecord];
      const changes = [
        conversation.edit(edited, 'note rewritten'),
        conversation.delete(deleted),
        conversation.edit(deleted, 'note again'),
      ];
      await save(...changes.toReversed(), deleted, edited, kept);
      expect(await textsFound('note', conversation.conversationId)).toEqual(['note rewritten', 'note kept']);
    });

    test('changes apply to targets that are saved concurrently', async () => {
      const conversation = newConversation();
      const targets = Array.from({ length: 40 }, (_, index) => conversation.say({ text: `draft ${index}` }));
      const changes = targets.map((target, index) =>
        index % 2 ? conversation.delete(target) : conversation.edit(target, `final ${index}`),
      );
      await Promise.all([...targets, ...changes].map((message) => save(message)));
      expect(await find('draft', [conversation.conversationId])).toEqual([]);
      const finals = await textsFound('final', conversation.conversationId);
      expect(finals).toEqual(Array.from({ length: 20 }, (_, index) => `final ${38 - 2 * index}`));
    });

    test('an edit can remove all words, or add the first caption to an attachment', async () => {
      const conversation = newConversation();
      const target = conversation.say({ text: 'words' });
      const { text: _, ...image } = conversation.say({ kind: 'image', media });
      await save(target, image, conversation.edit(target, '!!'), conversation.edit(image, 'a caption'));
      expect(await find('words', [conversation.conversationId])).toEqual([]);
      expect(await find('caption', [conversation.conversationId])).toEqual([{ ...image, text: 'a caption' }]);
    });

    test('a change from another conversation does not count', async () => {
      const [conversation, elsewhere] = [newConversation(), newConversation()];
      const target = conversation.say({ text: 'untouched' });
      await save(elsewhere.delete(target), target, elsewhere.edit(target, 'touched'));
      expect(await find('untouched', [conversation.conversationId])).toEqual([target]);
      expect(await messages().findById(target.id)).toEqual(target);
    });

    test('a withdrawn message is no hit, before and after it is indexed, and another one can take its place', async () => {
      const { conversationId, say } = newConversation();
      const [first, second] = await save(say({ text: 'lost one' }), say({ text: 'lost two' }));
      expect(await find('lost', [conversationId])).toHaveLength(2);
      const third = say({ text: 'lost three' });
      await save(third);
      for (const lost of [first, second, third]) await messages().withdraw(lost);
      expect(await find('lost', [conversationId])).toEqual([]);
      const current = newMessage({ conversationId, seq: first.seq, text: 'lost and found' });
      await save(current);
      expect(await find('lost', [conversationId])).toEqual([current]);
    });

    test('a message whose edit is withdrawn is found by its text before, and the edit can be saved again', async () => {
      const conversation = newConversation();
      const target = conversation.say({ text: 'the first words' });
      const edits = ['second try', 'third attempt'].map((text) => conversation.edit(target, text));
      const [second, third] = edits as [MessageRecord, MessageRecord];
      const ids = [conversation.conversationId];
      await save(target, second, third);
      expect(await textsFound('third', ...ids)).toEqual(['third attempt']);
      await messages().withdraw(third);
      expect([await textsFound('third', ...ids), await textsFound('second', ...ids)]).toEqual([[], ['second try']]);
      await messages().withdraw(second);
      expect([await textsFound('second', ...ids), await textsFound('first', ...ids)]).toEqual([
        [],
        ['the first words'],
      ]);
      await save(third);
      expect([await textsFound('third', ...ids), await textsFound('first', ...ids)]).toEqual([['third attempt'], []]);
    });

    test('a withdrawn deletion can be saved again, and the text of its target is gone', async () => {
      const conversation = newConversation();
      const target = conversation.say({ text: 'a secret' });
      const deletion = conversation.delete(target);
      await save(target, deletion);
      await messages().withdraw(deletion);
      expect((await messages().findById(target.id))?.text).toBeUndefined();
      await save(deletion);
      expect(await find('secret', [conversation.conversationId])).toEqual([]);
    });

    test('placeholders are never hits', async () => {
      const { conversationId, say } = newConversation();
      await save(say({ text: 'system one' }));
      await messages().fillGaps([{ conversationId, fromSeq: 2, toSeq: 5 }]);
      expect(await textsFound('system', conversationId)).toEqual(['system one']);
      expect(await textsFound('placeholder', conversationId)).toEqual([]);
    });
  });

  async function save<T extends MessageRecord[]>(...batch: T): Promise<T> {
    expect(await messages().saveBatch(batch)).toEqual({ rejected: [] });
    return batch;
  }
}
