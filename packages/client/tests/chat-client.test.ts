// Above 300 lines: all tests share one scripted server and one client, which each test resets.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { ChatClient, type ConversationView, LOBBY_ID, MemoryOutboxStorage } from '../src/index.ts';
import { newErrorBody, ProtocolServer } from './protocol-server.ts';

const server = await ProtocolServer.start();
let chat: ChatClient;
let storage: MemoryOutboxStorage;
let displayed: readonly string[];

beforeEach(() => {
  server.reset();
  storage = new MemoryOutboxStorage();
  displayed = [];
  chat = new ChatClient({
    url: server.url,
    outboxStorage: storage,
    onDisplayed: (_conversationId, messageIds) => {
      displayed = [...displayed, ...messageIds];
    },
  });
});

afterEach(async () => {
  chat.close();
  await eventually(() => expect(server.io.sockets.sockets.size).toBe(0));
});

const lobby = (): ConversationView => {
  const view = chat.getSnapshot().views.get(LOBBY_ID);
  if (!view) throw new Error('the lobby is not loaded yet');
  return view;
};
const shown = () => lobby().messages.map(({ text }) => text);
const isOnline = () => eventually(() => expect(chat.getSnapshot().connection.phase).toBe('online'));

async function join(): Promise<void> {
  await chat.joinAsGuest('Me');
  await isOnline();
  await eventually(lobby);
}

test('the snapshot has the user, the conversations, live messages and the names of their senders', async () => {
  await join();
  expect(chat.getSnapshot()).toMatchObject({ login: 'signed-in', me: { displayName: 'Me' } });
  expect(chat.getSnapshot().conversations?.map(({ id }) => id)).toEqual(['lobby']);
  const { id, senderId } = server.say('hello');
  await eventually(() => expect(shown()).toEqual(['hello']));
  expect(displayed).toEqual([id]);
  await eventually(() => expect(chat.getSnapshot().users.get(senderId)?.displayName).toBe('Ada'));
});

test('listeners are called after each change, and unchanged parts keep their identity', async () => {
  await join();
  const before = chat.getSnapshot();
  let calls = 0;
  const unsubscribe = chat.subscribe(() => {
    calls += 1;
  });
  server.say('hello');
  await eventually(() => expect(shown()).toEqual(['hello']));
  expect(calls).toBeGreaterThan(0);
  expect(chat.getSnapshot()).not.toBe(before);
  expect(chat.getSnapshot().connection).toBe(before.connection);
  unsubscribe();
});

describe('history', () => {
  test('opens at the newest page and loads older pages up to the first message', async () => {
    for (let count = 1; count <= 120; count += 1) server.say(`number ${count}`, { quietly: true });
    await join();
    await chat.open(LOBBY_ID);
    expect([shown()[0], shown().length, lobby().hasOlder]).toEqual(['number 71', 50, true]);
    await Promise.all([chat.loadOlder(LOBBY_ID), chat.loadOlder(LOBBY_ID)]);
    expect(shown().length).toBe(100);
    await chat.loadOlder(LOBBY_ID);
    expect([shown()[0], shown().length, lobby().firstSeq, lobby().hasOlder]).toEqual(['number 1', 120, 1, false]);
  });

  test('missed while offline is fetched after a reconnect, together with new live messages', async () => {
    await join();
    server.say('before');
    await eventually(() => expect(shown()).toEqual(['before']));
    server.cut();
    for (let count = 1; count <= 450; count += 1) server.say(`missed ${count}`, { quietly: true });
    await eventually(() => {
      if (chat.getSnapshot().connection.phase !== 'online') throw new Error('not back yet');
      server.say('live');
    });
    await eventually(() => expect(shown().at(-1)).toBe('live'));
    expect(lobby().messages.map(({ seq }) => seq)).toEqual(server.messages.map(({ seq }) => seq));
  });

  test('missing because of a gap in seqs is fetched once', async () => {
    await join();
    for (let count = 1; count <= 5; count += 1) server.say(`lost ${count}`, { quietly: true });
    server.say('seen');
    server.say('seen too');
    await eventually(() => expect(shown().length).toBe(7));
    expect(server.requests.filter((name) => name === 'messages:since').length).toBe(1);
  });

  test('missed by an idle client is fetched when the server sends newer heads', async () => {
    await join();
    for (let count = 1; count <= 300; count += 1) server.say(`lost ${count}`, { quietly: true });
    server.announceHeads();
    await eventually(() => expect(shown().length).toBe(300));
    expect(server.requests.filter((name) => name === 'messages:since').length).toBe(2);
  });

  test('of a conversation that is not open counts as unread', async () => {
    await join();
    server.say('one');
    server.say('two');
    await eventually(() => expect(lobby().unread).toBe(2));
    await chat.open(LOBBY_ID);
    server.say('three');
    await eventually(() => expect(shown()).toEqual(['one', 'two', 'three']));
    expect(lobby().unread).toBe(0);
  });
});

describe('a sent message', () => {
  test('is pending at first, then in the log once, then stored', async () => {
    await join();
    server.publishes = false;
    chat.send(LOBBY_ID, 'mine');
    expect(lobby().pending).toMatchObject([{ text: 'mine', state: 'sending' }]);
    await eventually(() => expect(lobby().pending).toMatchObject([{ state: 'accepted', seq: 1 }]));
    server.publish(...server.messages);
    await eventually(() => expect([shown(), lobby().pending]).toEqual([['mine'], []]));
    expect(lobby().storedSeq).toBe(0);
    server.store();
    await eventually(() => expect(lobby().storedSeq).toBe(1));
    expect([shown(), lobby().pending]).toEqual([['mine'], []]);
  });

  test('is removed from the outbox when the heads of the next connection report it as stored', async () => {
    await join();
    server.deliver = () => undefined;
    chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(lobby().pending).toMatchObject([{ state: 'accepted' }]));
    server.store();
    server.deliver = (emit) => emit();
    server.announceHeads();
    await eventually(() => expect([shown(), lobby().pending, lobby().storedSeq]).toEqual([['mine'], [], 1]));
    await eventually(async () => expect(await storage.load(server.me.id)).toEqual([]));
  });

  test('stays in the outbox when another epoch reports its seq as stored', async () => {
    await join();
    chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(shown()).toEqual(['mine']));
    server.io.emit('stored', { conversationId: LOBBY_ID, seq: 1 as never, epoch: 'another' });
    server.say('a marker');
    await eventually(() => expect(shown()).toEqual(['mine', 'a marker']));
    await eventually(async () =>
      expect(await storage.load(server.me.id)).toMatchObject([{ text: 'mine', state: 'accepted' }]),
    );
  });

  test('is accepted once, even if its ack was lost with the connection', async () => {
    await join();
    server.publishes = false;
    server.judge = () => 'silence';
    chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(server.sends.length).toBeGreaterThanOrEqual(1));
    server.judge = () => undefined;
    server.cut();
    await eventually(() => expect([shown(), lobby().pending]).toEqual([['mine'], []]));
    expect(server.messages.length).toBe(1);
  });

  test('is sent again after BUSY and UNAVAILABLE', async () => {
    await join();
    const verdicts = [newErrorBody('BUSY', { retryAfterMs: 10 }), newErrorBody('UNAVAILABLE', { retryAfterMs: 10 })];
    server.judge = () => verdicts.shift();
    chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(shown()).toEqual(['mine']));
    expect(server.sends.length).toBe(3);
  });
});

describe('a conversation with a new epoch, after Redis lost its newest messages', () => {
  /** Shows five stored messages and three that will be lost. */
  async function loseThree(): Promise<void> {
    for (let count = 1; count <= 5; count += 1) server.say(`stored ${count}`, { quietly: true });
    server.store();
    await join();
    await chat.open(LOBBY_ID);
    for (let count = 1; count <= 3; count += 1) server.say(`lost ${count}`);
    await eventually(() => expect(shown().length).toBe(8));
    server.loseTail(3);
  }
  const isReloaded = () => eventually(() => expect(lobby().messages).toEqual(server.messages));

  test('is loaded again when the heads have the new epoch', async () => {
    await loseThree();
    server.announceHeads();
    await isReloaded();
    expect(shown().length).toBe(5);
    server.say('after it');
    await isReloaded();
  });

  test('is loaded again after a reconnect, even if its head is above the loaded messages', async () => {
    await loseThree();
    for (let count = 1; count <= 60; count += 1) server.say(`new ${count}`, { quietly: true });
    server.cut();
    await eventually(() => expect(shown().at(-1)).toBe('new 60'));
    await eventually(async () => {
      await chat.loadOlder(LOBBY_ID);
      expect(lobby().messages).toEqual(server.messages);
    });
  });

  test('is loaded again when a live message has the seq of another loaded message', async () => {
    await loseThree();
    server.say('another sixth');
    await isReloaded();
  });

  test('is loaded again when an older page has the new epoch', async () => {
    for (let count = 1; count <= 70; count += 1) server.say(`number ${count}`, { quietly: true });
    server.store();
    for (let count = 1; count <= 3; count += 1) server.say(`lost ${count}`, { quietly: true });
    await join();
    await chat.open(LOBBY_ID);
    server.loseTail(3);
    await chat.loadOlder(LOBBY_ID);
    await eventually(() => expect([shown().length, shown().at(-1)]).toEqual([50, 'number 70']));
  });

  test('gets the user’s lost message again', async () => {
    await join();
    await chat.open(LOBBY_ID);
    chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(lobby().messages.length).toBe(1));
    server.loseTail(1);
    server.announceHeads();
    await eventually(() => expect(server.sends.length).toBe(2));
    await isReloaded();
    expect(shown()).toEqual(['mine']);
  });
});

test('an unsent message is sent by the next page or login of the same user', async () => {
  const outboxStorage = new MemoryOutboxStorage();
  chat.close();
  chat = new ChatClient({ url: server.url, outboxStorage });
  await join();
  server.judge = () => newErrorBody('BUSY');
  chat.send(LOBBY_ID, 'mine');
  await eventually(() => expect(server.sends.length).toBeGreaterThanOrEqual(1));
  chat.close();
  server.judge = () => undefined;
  chat = new ChatClient({ url: server.url, outboxStorage });
  await join();
  await chat.open(LOBBY_ID);
  await eventually(() => expect(shown()).toEqual(['mine']));
  server.store();
  await eventually(async () => expect(await outboxStorage.load(server.me.id)).toEqual([]));
});

test('a draining server causes no visible interruption and no loss', async () => {
  await join();
  const phases = new Set<string>();
  chat.subscribe(() => phases.add(chat.getSnapshot().connection.phase));
  server.judge = () => 'silence';
  chat.send(LOBBY_ID, 'mine');
  await eventually(() => expect(server.sends.length).toBeGreaterThanOrEqual(1));
  server.judge = () => undefined;
  server.io.emit('server:draining', { reconnectWithinMs: 20 });
  await eventually(() => expect(server.handshakes.length).toBe(2));
  await eventually(() => expect([shown(), lobby().pending]).toEqual([['mine'], []]));
  chat.send(LOBBY_ID, 'and on');
  await eventually(() => expect(shown()).toEqual(['mine', 'and on']));
  expect([...phases]).toEqual(['online']);
});

describe('a login', () => {
  test('can be resumed after a reload, and not after a log-out', async () => {
    await join();
    await chat.logOut();
    expect(chat.getSnapshot()).toMatchObject({ login: 'signed-out', signOutReason: null, me: null });
    await chat.resume();
    expect(chat.getSnapshot().login).toBe('signed-in');
    server.loginHolds = false;
    await chat.resume();
    expect(chat.getSnapshot()).toMatchObject({ login: 'signed-out', signOutReason: 'login-expired' });
  });

  test('is renewed before the token expires, without a new connection', async () => {
    server.tokenLifeMs = 2_000;
    await join();
    await eventually(() => expect(server.requests).toContain('POST /api/auth/refresh'));
    expect(chat.getSnapshot().connection.phase).toBe('online');
    expect(server.io.sockets.sockets.size).toBe(1);
  });

  test('is renewed in time after the machine slept and timers were paused', async () => {
    server.tokenLifeMs = 60_000;
    await join();
    const now = Date.now;
    Date.now = () => now() + 50_000;
    try {
      await eventually(() => expect(server.requests).toContain('POST /api/auth/refresh'));
    } finally {
      Date.now = now;
    }
    expect(chat.getSnapshot().connection.phase).toBe('online');
    expect(server.handshakes.length).toBe(1);
  });

  test('that has ended signs the user out, with the reason', async () => {
    await join();
    server.loginHolds = false;
    server.io.emit('session:expired', { code: 'UNAUTHENTICATED', message: 'Your session has ended.' });
    await eventually(() =>
      expect(chat.getSnapshot()).toMatchObject({ login: 'signed-out', signOutReason: 'login-expired' }),
    );
  });

  test('that is rejected throws the reason', async () => {
    server.loginHolds = false;
    await expect(chat.logIn('me', 'wrong')).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
  });

  test('to an unreachable cluster throws UNAVAILABLE', async () => {
    const lost = new ChatClient({ url: 'http://127.0.0.1:9' });
    await expect(lost.joinAsGuest('Me')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    lost.close();
  });
});
