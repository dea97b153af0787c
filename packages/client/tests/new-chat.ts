import { afterEach, beforeEach, expect } from '@jest/globals';
import { eventually } from '@parley/testing';
import {
  ChatClient,
  type ChatClientOptions,
  type ConversationView,
  LOBBY_ID,
  MemoryOutboxStorage,
} from '../src/index.ts';
import { ProtocolServer } from './protocol-server.ts';

/** Starts one server per test file and one client per test, which is closed after the test. */
export async function newChat(options: Pick<ChatClientOptions, 'maxMessages'> = {}) {
  const server = await ProtocolServer.start();
  let chat: ChatClient;

  const start = () => {
    chat = new ChatClient({ url: server.url, outboxStorage: new MemoryOutboxStorage(), ...options });
  };
  beforeEach(() => {
    server.reset();
    start();
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
  const isOnline = () => eventually(() => expect(chat.getSnapshot().connection.phase).toBe('online'));
  return {
    server,
    lobby,
    get chat() {
      return chat;
    },
    /** Signs in and waits until the lobby is loaded. */
    async join(): Promise<void> {
      await chat.joinAsGuest('Me');
      await isOnline();
      await eventually(lobby);
    },
    /** Replaces the client, like a reload of the page. */
    async reload(): Promise<void> {
      chat.close();
      start();
      await this.join();
    },
    /** Cuts the connection and waits for the next one. */
    async reconnect(): Promise<void> {
      const handshakes = server.handshakes.length;
      server.cut();
      await eventually(() => expect(server.handshakes.length).toBeGreaterThan(handshakes));
      await isOnline();
    },
  };
}
