import { describe, expect, test } from '@jest/globals';
import type { PresenceChange, UserId } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { deliveryStateOf, LOBBY_ID } from '../src/index.ts';
import { newChat } from './new-chat.ts';

const parts = await newChat();
const { server, lobby } = parts;
const ada = server.ada.id;
const bo = 'u-bo' as UserId;

const receipt = (userId: UserId, readSeq: number, deliveredSeq: number) => ({ userId, readSeq, deliveredSeq });
const present = (userId: UserId, change: Partial<PresenceChange> = {}): PresenceChange => ({
  userId,
  online: true,
  lastSeenAt: null,
  ...change,
});

describe('typing', () => {
  test('of others is shown, and ends with the connection', async () => {
    await parts.join();
    server.io.emit('typing', { conversationId: LOBBY_ID, userIds: [server.me.id, ada] });
    await eventually(() => expect(lobby().typing).toEqual([ada]));
    server.cut();
    await eventually(() => expect(lobby().typing).toEqual([]));
  });

  test('of others ends when they send a message', async () => {
    await parts.join();
    server.io.emit('typing', { conversationId: LOBBY_ID, userIds: [ada] });
    await eventually(() => expect(lobby().typing).toEqual([ada]));
    server.say('here it is');
    await eventually(() => expect([lobby().messages.length, lobby().typing]).toEqual([1, []]));
  });

  test('of the user is sent on the first input, and ends with a sent message', async () => {
    await parts.join();
    for (let key = 0; key < 20; key += 1) parts.chat.setTyping(LOBBY_ID, true);
    parts.chat.send(LOBBY_ID, 'done');
    await eventually(() => expect(server.typings.map(({ isTyping }) => isTyping)).toEqual([true, false]));
  });
});

describe('receipts', () => {
  test('of a group are fetched when it is opened, and packets only move them forward', async () => {
    server.kind = 'group';
    server.receipts = [receipt(ada, 1, 2), receipt(server.me.id, 9, 9)];
    await parts.join();
    expect(lobby().receipts.size).toBe(0);
    await parts.chat.open(LOBBY_ID);
    await eventually(() => expect([...lobby().receipts]).toEqual([[ada, { readSeq: 1, deliveredSeq: 2 }]]));
    const readers = [receipt(ada, 3, 1), receipt(bo, 0, 1)];
    server.io.emit('receipts', { conversationId: LOBBY_ID, readers });
    await eventually(() => expect(lobby().receipts.get(bo)).toEqual({ readSeq: 0, deliveredSeq: 1 }));
    expect(lobby().receipts.get(ada)).toEqual({ readSeq: 3, deliveredSeq: 2 });
  });

  test('that moved during an interruption are fetched after the reconnect', async () => {
    server.kind = 'group';
    server.receipts = [receipt(ada, 1, 1)];
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    await eventually(() => expect(lobby().receipts.get(ada)?.readSeq).toBe(1));
    server.receipts = [receipt(ada, 5, 5)];
    await parts.reconnect();
    await eventually(() => expect(lobby().receipts.get(ada)?.readSeq).toBe(5));
  });

  test('of channels are not fetched', async () => {
    await parts.join();
    await parts.chat.open(LOBBY_ID);
    await parts.reconnect();
    server.say('a marker');
    await eventually(() => expect(lobby().messages.length).toBe(1));
    expect(server.requests).not.toContain('GET /api/conversations/lobby/receipts');
    expect(server.deliveries).toEqual([]);
  });

  test('give the state of the user’s message: delivered or read only if all others have it', async () => {
    server.kind = 'group';
    await parts.join();
    parts.chat.send(LOBBY_ID, 'mine');
    await eventually(() => expect(lobby().messages.length).toBe(1));
    const state = (...otherIds: UserId[]) => {
      const [message] = lobby().messages;
      return message && deliveryStateOf(lobby(), message, otherIds);
    };
    expect([state(), state(ada)]).toEqual(['accepted', 'accepted']);
    server.store();
    await eventually(() => expect([state(), state(ada)]).toEqual(['stored', 'stored']));
    server.io.emit('receipts', { conversationId: LOBBY_ID, readers: [receipt(ada, 0, 1)] });
    await eventually(() => expect([state(ada), state(ada, bo)]).toEqual(['delivered', 'stored']));
    server.io.emit('receipts', { conversationId: LOBBY_ID, readers: [receipt(ada, 1, 1), receipt(bo, 0, 1)] });
    await eventually(() => expect([state(ada), state(ada, bo), state()]).toEqual(['read', 'delivered', 'stored']));
  });

  test('are sent for messages of others, not for the user’s own', async () => {
    server.kind = 'direct';
    await parts.join();
    server.say('one');
    server.say('two');
    parts.chat.send(LOBBY_ID, 'mine');
    await eventually(() =>
      expect(server.deliveries.at(-1)).toEqual({ cursors: [{ conversationId: LOBBY_ID, seq: 2 }] }),
    );
    expect(server.reads).toEqual([]);
  });
});

describe('presence', () => {
  test('starts with the first packet of a connection and follows the changes', async () => {
    server.presence = {
      changes: [present(ada), present(bo, { away: true })],
      counts: [{ conversationId: LOBBY_ID, online: 7 }],
    };
    await parts.join();
    const people = () => Object.fromEntries(parts.chat.getSnapshot().presence);
    const online = { online: true, away: false, lastSeenAt: null };
    await eventually(() => expect(people()).toEqual({ [ada]: online, [bo]: { ...online, away: true } }));
    expect(parts.chat.getSnapshot().onlineCounts.get(LOBBY_ID)).toBe(7);
    const lastSeenAt = '2026-01-31T12:00:00.000Z';
    server.io.emit('presence', { changes: [present(bo, { online: false, lastSeenAt })] });
    await eventually(() => expect(people()[bo]).toEqual({ online: false, away: false, lastSeenAt }));
    expect(people()[ada]).toEqual(online);
    server.presence = { changes: [present(bo)] };
    await parts.reconnect();
    await eventually(() => expect(people()).toEqual({ [bo]: online }));
    expect(parts.chat.getSnapshot().onlineCounts.size).toBe(0);
  });

  test('of the user: the away signal is sent, and sent again after a reconnect', async () => {
    await parts.join();
    parts.chat.setAway(false);
    parts.chat.setAway(true);
    parts.chat.setAway(true);
    await eventually(() => expect(server.awaySignals).toEqual([true]));
    await parts.reconnect();
    await eventually(() => expect(server.awaySignals).toEqual([true, true]));
    parts.chat.setAway(false);
    await eventually(() => expect(server.awaySignals).toEqual([true, true, false]));
  });
});

test('isDraining is true until the handover to the next server', async () => {
  await parts.join();
  const seen: boolean[] = [];
  parts.chat.subscribe(() => {
    const { isDraining } = parts.chat.getSnapshot();
    if (isDraining !== seen.at(-1)) seen.push(isDraining);
  });
  server.io.emit('server:draining', { reconnectWithinMs: 20 });
  await eventually(() => expect(seen).toEqual([true, false]));
  expect(server.handshakes.length).toBe(2);
});
