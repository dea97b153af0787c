import { describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { LOBBY_ID } from '../src/index.ts';
import { newChat } from './new-chat.ts';

const parts = await newChat();
const { server, lobby } = parts;

const requests = (name: string) => server.requests.filter((each) => each === name).length;
const shown = () => lobby().timeline.map(({ text }) => text);
const during = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The lobby shows "before". Then two messages get lost, and one more arrives. */
async function meetHole(): Promise<void> {
  await parts.join();
  server.say('before');
  await eventually(() => expect(shown()).toEqual(['before']));
  for (const text of ['lost 1', 'lost 2']) server.holes.add(server.say(text, { quietly: true }).seq);
  server.say('behind');
}

describe('messages that the cluster does not return', () => {
  test('are requested a few times with backoff, and those behind them are shown after some seconds', async () => {
    await meetHole();
    await eventually(() => expect(shown()).toEqual(['before', 'behind']), 15_000);
    expect(lobby().holes).toEqual([{ firstSeq: 2, lastSeq: 3 }]);
    expect(lobby().messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(lobby().unread).toBe(2);
    expect(requests('messages:since')).toBeLessThanOrEqual(6);
    server.say('live');
    await eventually(() => expect(shown()).toEqual(['before', 'behind', 'live']));
    await during(3_000);
    expect(requests('messages:since')).toBeLessThanOrEqual(8);
  });

  test('are shown in their place when the cluster returns them later', async () => {
    await meetHole();
    await eventually(() => expect(shown()).toEqual(['before', 'behind']), 15_000);
    const { firstTimelineIndex } = lobby();
    server.holes.clear();
    await eventually(() => expect(shown()).toEqual(['before', 'lost 1', 'lost 2', 'behind']), 60_000);
    expect([lobby().holes, lobby().unread, lobby().firstTimelineIndex]).toEqual([[], 4, firstTimelineIndex - 2]);
    expect(lobby().messages).toEqual(server.messages);
  });

  test('are requested at once on the next connection', async () => {
    await meetHole();
    await eventually(() => expect(shown()).toEqual(['before', 'behind']), 15_000);
    server.holes.clear();
    await parts.reconnect();
    await eventually(() => expect(shown()).toEqual(['before', 'lost 1', 'lost 2', 'behind']), 2_000);
  });

  test('do not keep the user’s own message from being shown as pending', async () => {
    await parts.join();
    server.publishes = false;
    parts.chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(lobby().pending).toMatchObject([{ state: 'accepted', seq: 1 }]));
    server.holes.add(1);
    server.say('behind');
    await eventually(() => expect(shown()).toEqual(['behind']), 15_000);
    expect(lobby().pending).toMatchObject([{ text: 'mine', seq: 1 }]);
    server.holes.clear();
    await eventually(() => expect([shown(), lobby().pending]).toEqual([['mine', 'behind'], []]), 60_000);
  });

  test('in several places delay the messages behind them only once', async () => {
    await parts.join();
    for (let seq = 1; seq <= 20; seq += 1) {
      server.say(`number ${seq}`, { quietly: true });
      if (seq % 4 === 2) server.holes.add(seq);
    }
    server.announceHeads();
    await eventually(() => expect(lobby().holes.map(({ firstSeq }) => firstSeq)).toEqual([2, 6, 10, 14, 18]), 8_000);
    expect(shown().length).toBe(15);
  });

  test('in an older page are marked, and the older messages are shown', async () => {
    for (let seq = 1; seq <= 70; seq += 1) server.say(`number ${seq}`, { quietly: true });
    for (const seq of [40, 41, 15]) server.holes.add(seq);
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    while (lobby().hasOlder && !lobby().loadError) await parts.chat.loadOlder(LOBBY_ID);
    expect([shown().length, shown()[0], lobby().loadError]).toEqual([67, 'number 1', null]);
    expect(lobby().holes).toEqual([
      { firstSeq: 15, lastSeq: 15 },
      { firstSeq: 40, lastSeq: 41 },
    ]);
    server.holes.clear();
    await eventually(() => expect(lobby().messages).toEqual(server.messages), 15_000);
    expect([lobby().holes, shown().length]).toEqual([[], 70]);
  });
});

test('a head that the cluster does not return messages for is requested a few times, and the rest is shown', async () => {
  server.say('before', { quietly: true });
  server.readSeq = 0;
  await parts.join();
  for (let seq = 1; seq <= 3; seq += 1) server.holes.add(server.say(`number ${seq}`, { quietly: true }).seq);
  for (let round = 0; round < 20; round += 1) {
    server.announceHeads();
    await during(100);
  }
  expect(requests('messages:since')).toBeLessThanOrEqual(7);
  await parts.reload();
  await parts.chat.open(LOBBY_ID);
  await eventually(() => expect([lobby().isLoaded, shown()]).toEqual([true, ['before']]), 15_000);
});

test('packets of a conversation that is not in the list lead to few requests for the list', async () => {
  await parts.join();
  const before = requests('GET /api/conversations');
  const message = server.say('hello');
  for (let round = 0; round < 40; round += 1) {
    server.io.emit('messages', { conversationId: 'c-left' as never, messages: [message] });
    await during(50);
  }
  expect(requests('GET /api/conversations') - before).toBeLessThanOrEqual(6);
});

describe('a placeholder of the cluster', () => {
  test('is neither shown nor unread, and the messages behind it are', async () => {
    await parts.join();
    server.say('before');
    server.placeholder();
    server.say('behind');
    await eventually(() => expect(shown()).toEqual(['before', 'behind']));
    expect([lobby().unread, lobby().holes]).toEqual([2, []]);
    expect(lobby().messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(server.requests.filter((each) => each.includes('/api/users')).length).toBeLessThanOrEqual(1);
  });

  test('at the position of the user’s own message makes the client send that again', async () => {
    await parts.join();
    server.publishes = false;
    parts.chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(lobby().pending).toMatchObject([{ state: 'accepted', seq: 1 }]));
    server.loseTail(1);
    server.placeholder();
    server.publishes = true;
    server.announceHeads();
    await eventually(() => expect([shown(), lobby().pending]).toEqual([['mine'], []]));
  });
});

test('a message that is in the history twice after a new epoch is shown and counted once', async () => {
  await parts.join();
  const first = server.say('said twice');
  server.say('between');
  const second = server.repeat(first);
  server.change('reaction', second, '👍');
  await eventually(() => expect(shown()).toEqual(['said twice', 'between']));
  await eventually(() => expect(lobby().timeline[0]?.reactions).toMatchObject([{ emoji: '👍' }]));
  expect(lobby().unread).toBe(2);
  await parts.chat.open(LOBBY_ID);
  expect(lobby().unread).toBe(0);
});
