import { randomUUID } from 'node:crypto';
import { createConversation } from '@parley/load-kit/clients';
import type { Refused } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import type { Socket } from 'socket.io-client';
import { callApi, connectSession, register } from './client.ts';
import { type Kind, Observed, REQUEST_DEADLINE_MS } from './observed.ts';

const CHATTERS = 5;
const CHATTER_EVERY_MS = 100;
const CONNECTORS = 2;
const CONNECTOR_EVERY_MS = 200;

interface Chatter {
  readonly userId: string;
  readonly token: string;
  readonly socket: Socket;
}

/**
 * Registered users who chat, read and connect while the cluster is attacked. They begin their requests at a fixed rate, whether
 * or not earlier ones were answered: a server that stops delays all requests of that time.
 */
export class RegisteredUsers {
  readonly #url: string;
  readonly #chatters: Chatter[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #stopping = new AbortController();
  #groupId = '';
  #observed = new Observed();

  private constructor(url: string) {
    this.#url = url;
  }

  /** Registers and connects the users. They begin to work. @param options.connects whether some of them connect again and again */
  static async start(url: string, { connects }: { connects: boolean }): Promise<RegisteredUsers> {
    const users = new RegisteredUsers(url);
    try {
      await users.#start(connects ? CONNECTORS : 0);
    } catch (error) {
      users.close();
      throw error;
    }
    return users;
  }

  get userIds(): string[] {
    return this.#chatters.map(({ userId }) => userId);
  }

  /** Returns what was observed since the last call. Requests that are open still count there when they are answered. */
  takeObserved(): Observed {
    const taken = this.#observed;
    this.#observed = new Observed();
    return taken;
  }

  close(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) clearInterval(timer);
    for (const { socket } of this.#chatters) socket.disconnect();
  }

  async #start(connectorCount: number): Promise<void> {
    const accounts = await Promise.all(Array.from({ length: CHATTERS }, () => register(this.#url)));
    const connectors = await Promise.all(Array.from({ length: connectorCount }, () => register(this.#url)));
    const [owner, ...others] = accounts;
    if (!owner) throw new Error('there must be a healthy user');
    const memberIds = others.map(({ userId }) => userId);
    this.#groupId = await createConversation(this.#url, owner, { kind: 'group', title: 'Friends', memberIds });
    for (const { userId, token } of accounts) {
      const socket = await connectSession(this.#url, token, { reconnects: true });
      socket.on('disconnect', (reason) => {
        if (!this.#stopping.signal.aborted) this.#observed.refuse(`disconnected: ${reason}`);
      });
      socket.on('connect_error', (error) => this.#observed.refuse(`reconnect ${error.message}`));
      this.#chatters.push({ userId, token, socket });
    }
    for (const [index, chatter] of this.#chatters.entries()) {
      let turn = index;
      this.#every(CHATTER_EVERY_MS, () => {
        turn += 1;
        return turn % 2 === 0
          ? this.#measure('send', () => this.#send(chatter))
          : this.#measure('read', () => this.#read(chatter, turn));
      });
    }
    for (const { token } of connectors) void this.#connectRepeatedly(token);
  }

  #every(intervalMs: number, work: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void work(), intervalMs));
  }

  #measure(kind: Kind, request: () => Promise<string | undefined>): Promise<void> {
    return this.#observed.measure(kind, request);
  }

  async #send({ socket }: Chatter): Promise<string | undefined> {
    const message = { conversationId: this.#groupId, clientMessageId: randomUUID(), kind: 'text', text: 'Hello' };
    const ack = (await socket.timeout(REQUEST_DEADLINE_MS).emitWithAck('message:send', message)) as
      | { ok: true }
      | Refused;
    return ack.ok ? undefined : ack.code;
  }

  #read({ token }: Chatter, turn: number): Promise<string | undefined> {
    const paths = [`/api/conversations/${this.#groupId}/messages?limit=20`, '/api/conversations', '/api/me'];
    return callApi(this.#url, paths[turn % paths.length] ?? '', { token });
  }

  async #connectRepeatedly(token: string): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const sockets: Socket[] = [];
      await this.#measure('handshake', async () => {
        try {
          sockets.push(await connectSession(this.#url, token, { reconnects: false }));
          return undefined;
        } catch (error) {
          return (error as Error).message;
        }
      });
      for (const socket of sockets) socket.disconnect();
      await pause(CONNECTOR_EVERY_MS, signal);
    }
  }
}
