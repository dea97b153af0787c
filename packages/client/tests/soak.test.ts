import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { seededRandom } from '@parley/testing/seeded-random';
import { Timeline } from '../src/chat-client/timeline.ts';
import { ChatClient, LOBBY_ID, MemoryOutboxStorage } from '../src/index.ts';
import { ProtocolServer } from './protocol-server.ts';

const ROUNDS = 300;

const server = await ProtocolServer.start();

/** Drops, repeats and delays packets within their epoch. */
function breakDelivery(random: () => number): void {
  server.deliver = (emit) => {
    const { epoch } = server;
    const later = () => {
      setTimeout(() => {
        if (server.epoch === epoch) emit();
      }, random() * 40);
    };
    const fate = random();
    if (fate < 0.15) return;
    if (fate < 0.3) later();
    else emit();
    if (fate > 0.85) later();
  };
}

/** Delays acks, so that some arrive through the old socket of a handover or after the epoch has ended. */
function delayAcks(random: () => number): void {
  server.answer = (ack) => {
    if (random() < 0.15) setTimeout(ack, random() * 40);
    else ack();
  };
}

/** Loses one message in twelve or its ack, and drains the server, so that the client moves to another one. */
function breakSends(random: () => number): void {
  server.judge = () => {
    const fate = random();
    if (fate > 1 / 12) return undefined;
    setImmediate(() => server.io.emit('server:draining', { reconnectWithinMs: Math.floor(random() * 10) }));
    return fate > 1 / 24 ? 'silence' : 'lost';
  };
}

test.each([1, 2])(
  'each message appears once and in order despite loss, repeats, delays, new epochs, cuts and drained servers (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const outboxStorage = new MemoryOutboxStorage();
    const chat = new ChatClient({ url: server.url, outboxStorage });
    server.reset();
    await chat.joinAsGuest('Me');
    await eventually(() => expect(chat.getSnapshot().views.has(LOBBY_ID)).toBe(true));
    await chat.open(LOBBY_ID);
    breakDelivery(random);
    delayAcks(random);
    breakSends(random);

    const sent: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      sent.push(chat.send(LOBBY_ID, `mine ${round}`));
      if (random() < 0.7) server.say(`others ${round}`);
      const target = server.messages[Math.floor(random() * server.messages.length)];
      if (target && random() < 0.3) server.change(random() < 0.5 ? 'edit' : 'reaction', target, `changed ${round}`);
      if (random() < 0.3) server.store();
      if (round % 60 === 0) {
        server.loseTail(1 + Math.floor(random() * 10));
        server.announceHeads();
      }
      if (round % 110 === 0) server.cut();
      await new Promise((resolve) => setTimeout(resolve, random() * 8));
    }

    server.judge = () => undefined;
    server.deliver = (emit) => emit();
    server.answer = (ack) => ack();
    await eventually(async () => {
      server.store();
      expect(await outboxStorage.load(server.me.id)).toEqual([]);
    }, 120_000);
    server.announceHeads();
    const view = () => chat.getSnapshot().views.get(LOBBY_ID);
    await eventually(async () => {
      await chat.loadOlder(LOBBY_ID);
      expect(view()?.messages).toHaveLength(server.messages.length);
      expect(view()?.pending).toEqual([]);
      expect(view()?.unread).toBe(0);
    }, 120_000);
    expect(view()?.messages).toEqual(server.messages);
    const whole = new Timeline();
    whole.append(server.messages);
    expect(chat.getSnapshot().views.get(LOBBY_ID)?.timeline).toEqual(whole.entries);
    expect(server.sends.length).toBeGreaterThan(ROUNDS);
    const shown = server.messages.filter(({ senderId }) => senderId === server.me.id);
    expect(shown.map(({ clientMessageId }) => clientMessageId as string).sort()).toEqual([...sent].sort());
    chat.close();
    await eventually(() => expect(server.io.sockets.sockets.size).toBe(0));
  },
);
