import { expect, test } from '@jest/globals';
import type { MessageId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { LOBBY_ID } from '../src/index.ts';
import { newChat } from './new-chat.ts';

const parts = await newChat();
const { server } = parts;
const conversations = () => parts.chat.getSnapshot().conversations;

test('a renamed group has its new name at once', async () => {
  server.kind = 'group';
  await parts.join();
  await parts.chat.renameGroup(LOBBY_ID, 'Analysts');
  expect(conversations()).toMatchObject([{ title: 'Analysts' }]);
});

test('a group that the user leaves is closed and removed', async () => {
  server.kind = 'group';
  await parts.join();
  await parts.chat.open(LOBBY_ID);
  await parts.chat.leave(LOBBY_ID);
  expect(parts.chat.getSnapshot()).toMatchObject({ conversations: [], openConversationId: null });
  expect(parts.chat.getSnapshot().views.size).toBe(0);
});

test('a group from which the user is removed is removed too', async () => {
  server.kind = 'group';
  await parts.join();
  await parts.chat.open(LOBBY_ID);
  server.isMember = false;
  server.io.emit('conversation', server.lobby);
  await eventually(() =>
    expect(parts.chat.getSnapshot()).toMatchObject({ conversations: [], openConversationId: null }),
  );
});

test('a search returns messages and loads the names of their senders', async () => {
  await parts.join();
  const hit = { ...server.say('the engine', { quietly: true }), conversationId: LOBBY_ID };
  server.searchPage = { messages: [hit], hasMore: true };
  expect(await parts.chat.search('eng ine')).toEqual({ messages: [hit], hasMore: true });
  await parts.chat.search('eng', LOBBY_ID, 'm9' as MessageId);
  expect(server.requests.filter((name) => name.startsWith('search '))).toEqual([
    'search q=eng+ine',
    'search q=eng&conversationId=lobby&before=m9',
  ]);
  await eventually(() => expect(parts.chat.getSnapshot().users.get(server.ada.id)?.displayName).toBe('Ada'));
});
