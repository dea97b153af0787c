import { describe, expect, test } from '@jest/globals';
import type { Message } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { seededRandom } from '@parley/testing/seeded-random';
import { Timeline } from '../src/chat-client/timeline.ts';
import { LOBBY_ID } from '../src/index.ts';
import { newChat } from './new-chat.ts';

const MAX_MESSAGES = 100;
/** Messages are dropped in groups of a tenth. */
const MOST_LOADED = 110;

const client = await newChat({ maxMessages: MAX_MESSAGES });
const { server, lobby } = client;

const lastSeq = () => lobby().messages.at(-1)?.seq;
const upToDate = () => eventually(() => expect(lastSeq()).toBe(server.messages.length));

function say(count: number): void {
  for (let index = 0; index < count; index += 1) server.say(`number ${server.messages.length + 1}`);
}

async function scrollToStart(): Promise<void> {
  while (lobby().hasOlder) {
    await client.chat.loadOlder(LOBBY_ID);
    expect(lobby().loadError).toBeNull();
  }
}

const whole = (messages: readonly Message[]) => {
  const timeline = new Timeline();
  timeline.append(messages);
  return timeline.entries;
};

describe('a conversation with many live messages', () => {
  test('keeps the newest ones, and pages of history bring the others back', async () => {
    await client.join();
    await client.chat.open(LOBBY_ID);
    const { firstTimelineIndex } = lobby();
    for (let round = 0; round < 20; round += 1) {
      say(30);
      await upToDate();
      expect(lobby().messages.length).toBeLessThanOrEqual(MOST_LOADED);
    }
    const { messages, firstSeq, timeline } = lobby();
    expect(messages.length).toBeGreaterThanOrEqual(MAX_MESSAGES);
    expect(messages).toEqual(server.messages.slice(firstSeq - 1));
    expect(lobby().firstTimelineIndex - firstTimelineIndex).toBe(firstSeq - 1);
    expect([timeline.length, lobby().hasOlder]).toEqual([messages.length, true]);
    await scrollToStart();
    expect(lobby().messages).toEqual(server.messages);
    expect(lobby().firstTimelineIndex).toBe(firstTimelineIndex);
  });

  test('keeps the pages that the user has loaded until another conversation is opened', async () => {
    await client.join();
    await client.chat.open(LOBBY_ID);
    say(400);
    await upToDate();
    await scrollToStart();
    say(MAX_MESSAGES);
    await upToDate();
    expect(lobby().firstSeq).toBe(1);
    say(30);
    await upToDate();
    expect(lobby().messages.length).toBeLessThanOrEqual(400 + MOST_LOADED);
    await client.chat.open(null);
    expect(lobby().messages.length).toBe(MAX_MESSAGES);
    await client.chat.open(LOBBY_ID);
    expect(await client.chat.loadUntil(LOBBY_ID, 7)).toBe(true);
    expect(lobby().messages).toEqual(server.messages.slice(lobby().firstSeq - 1));
  });

  test('applies edits, reactions and deletions to messages that it has dropped', async () => {
    await client.join();
    await client.chat.open(LOBBY_ID);
    const [edited, deleted, liked, late] = ['edited', 'deleted', 'liked', 'late'].map((text) => server.say(text));
    if (!edited || !deleted || !liked || !late) throw new Error('not reached');
    say(90);
    server.change('edit', edited, 'changed while loaded');
    server.change('delete', deleted);
    await upToDate();
    say(40);
    await upToDate();
    expect(lobby().firstSeq).toBeGreaterThan(4);
    server.change('reaction', liked, '👍');
    server.change('edit', late, 'changed after it was dropped');
    say(5);
    await upToDate();
    await scrollToStart();
    expect(lobby().timeline).toEqual(whole(server.messages));
    expect(lobby().timeline.slice(0, 4)).toMatchObject([
      { text: 'changed while loaded', isEdited: true },
      { text: '', isDeleted: true },
      { text: 'liked', reactions: [{ emoji: '👍' }] },
      { text: 'changed after it was dropped' },
    ]);
  });

  test('counts the unread messages that it has dropped, without changes', async () => {
    server.readSeq = 0;
    await client.join();
    for (let round = 0; round < 15; round += 1) {
      const target = server.say(`first of ${round}`);
      server.change('reaction', target, '👍');
      server.say('renamed the group', { kind: 'system' });
      say(20);
      await upToDate();
    }
    expect(lobby().firstSeq).toBeGreaterThan(100);
    expect(lobby().unread).toBe(15 * 21);
    await client.chat.open(LOBBY_ID);
    expect([lobby().unread, lobby().firstUnreadSeq]).toEqual([0, 1]);
    say(1);
    await upToDate();
    expect(lobby().unread).toBe(0);
  });

  test('keeps the user’s unstored messages in the outbox', async () => {
    await client.join();
    client.chat.send(LOBBY_ID, 'mine');
    await upToDate();
    say(300);
    await upToDate();
    expect(lobby().pending).toEqual([]);
    server.loseTail(301);
    server.announceHeads();
    await eventually(() => expect(server.messages.map(({ text }) => text)).toEqual(['mine']));
  });
});

test.each([1, 2, 3])(
  'the loaded messages, the timeline and the unread count are right after any order of live messages, drops and pages (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    server.readSeq = 0;
    await client.join();
    const upTo = (count: number) => Math.floor(random() * count);
    for (let round = 0; round < 60; round += 1) {
      for (let index = upTo(40); index > 0; index -= 1) {
        const target = server.messages[upTo(server.messages.length)];
        const isChange = target !== undefined && random() < 0.3;
        if (isChange) server.change((['edit', 'reaction', 'delete'] as const)[upTo(3)] ?? 'edit', target, `t ${round}`);
        else server.say(`number ${round}`);
      }
      if (random() < 0.2) await client.chat.loadOlder(LOBBY_ID);
      if (random() < 0.05) await client.chat.open(LOBBY_ID);
      if (random() < 0.1) await client.chat.open(null);
      if (random() < 0.05) server.cut();
      if (random() < 0.5) continue;
      await eventually(
        () =>
          expect([client.chat.getSnapshot().connection.phase, lastSeq()]).toEqual(['online', server.messages.length]),
        20_000,
      );
      const { messages, firstSeq, unread } = lobby();
      expect(messages).toEqual(server.messages.slice(firstSeq - 1));
      const readSeq = Number(server.readSeq);
      const counted = server.messages.filter(({ seq, kind }) => seq > readSeq && kind === 'text').length;
      if (client.chat.getSnapshot().openConversationId === null) expect(unread).toBeLessThanOrEqual(counted);
    }
    await upToDate();
    await scrollToStart();
    expect(lobby().messages).toEqual(server.messages);
    expect(lobby().timeline).toEqual(whole(server.messages));
    await client.chat.open(LOBBY_ID);
    expect(lobby().unread).toBe(0);
  },
);
