import type { Conversation, HelloReply, MessagesPacket, Refused, SendReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import { io, type Socket } from 'socket.io-client';
import { describeUncheckedPacket } from './received-packets.ts';

const CONNECT_DEADLINE_MS = 10_000;
const ACK_DEADLINE_MS = 10_000;
/** One of so many measurements is a page of history, the others are sends. */
const SENDS_PER_PAGE = 10;

/** Receives the measurements and observations of healthy users. */
export interface Observations {
  /** Called with the time of each send and page read that succeeded. */
  onLatency(ms: number): void;
  /** Called when a request of a healthy user was refused or not answered. */
  onRefusal(code: string): void;
  /** Called for something that a healthy user received and may not receive. */
  onLeak(what: string): void;
  /** Called when a session ended that nobody ended. */
  onDisconnect(reason: string): void;
}

export interface HealthyUserOptions {
  readonly url: string;
  readonly name: string;
  readonly token: string;
  /** The group that only healthy users are members of. */
  readonly privateId: string;
  readonly healthyIds: ReadonlySet<string>;
  readonly observations: Observations;
}

/** A user who sends to a private group and reads its history, and checks everything that arrives. */
export class HealthyUser {
  readonly #options: HealthyUserOptions;
  readonly #socket: Socket;
  /** Conversations that the user is a member of, according to the server. */
  readonly #known = new Set<string>(['lobby']);
  readonly #unknown = new Set<string>();
  #isClosing = false;
  #sent = 0;

  private constructor(options: HealthyUserOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#known.add(options.privateId);
    const { observations } = options;
    socket.onAny((event: string, ...args: unknown[]) => this.#check(event, args));
    socket.on('disconnect', (reason) => {
      if (!this.#isClosing) observations.onDisconnect(`${options.name}: ${reason}`);
    });
    socket.on('connect_error', (error) => observations.onRefusal(error.message));
  }

  static async connect(options: HealthyUserOptions): Promise<HealthyUser> {
    const socket = io(options.url, {
      auth: { token: options.token, deviceId: options.name },
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelayMax: 1_000,
      timeout: CONNECT_DEADLINE_MS,
    });
    const user = new HealthyUser(options, socket);
    const failed = new Promise<never>((_, reject) => socket.once('connect_error', reject));
    const connected = new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    try {
      await Promise.race([connected, failed]);
    } catch (error) {
      user.close();
      throw error;
    }
    failed.catch(() => undefined); // a later refusal is an observation
    await user.#hello();
    socket.on('connect', () => void user.#hello().catch(() => undefined));
    return user;
  }

  /** Sends and reads, one request after the other, until the signal aborts. */
  async work(everyMs: number, signal: AbortSignal): Promise<void> {
    await pause(Math.random() * everyMs, signal); // so that users do not send at the same moment
    while (!signal.aborted) {
      const startedAt = performance.now();
      const code = this.#sent % SENDS_PER_PAGE === 0 ? await this.#readPage() : await this.#send();
      this.#sent += 1;
      const tookMs = performance.now() - startedAt;
      if (code === undefined) this.#options.observations.onLatency(tookMs);
      else if (!signal.aborted) this.#options.observations.onRefusal(code);
      await pause(Math.max(1, everyMs - tookMs), signal);
    }
  }

  /** Sends a message and returns its id. */
  async sendOne(text: string): Promise<string> {
    const reply = await this.#request<SendReply>('message:send', this.#message(text));
    if (!reply.ok) throw new Error(`message:send: ${reply.code}`);
    return reply.message.id;
  }

  /** Reports messages of conversations that the user turns out to be no member of. */
  async checkConversations(): Promise<void> {
    const { url, token, name, observations } = this.#options;
    if (this.#unknown.size === 0) return;
    const response = await fetch(`${url}/api/conversations`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ACK_DEADLINE_MS),
    });
    const { conversations = [] } = (await response.json()) as { conversations?: Conversation[] };
    const listed = new Set<string>(conversations.map(({ id }) => id));
    for (const id of this.#unknown) {
      if (!this.#known.has(id) && !listed.has(id))
        observations.onLeak(`${name} got messages of ${id} without being a member`);
    }
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.disconnect();
  }

  async #hello(): Promise<void> {
    const reply = await this.#request<HelloReply>('session:hello', { timezone: 'UTC' });
    if (!reply.ok) throw new Error(`session:hello: ${reply.code}`);
    for (const { conversationId } of reply.heads) this.#known.add(conversationId);
  }

  async #send(): Promise<string | undefined> {
    const reply = await this.#request<SendReply>('message:send', this.#message(`${this.#options.name} ${this.#sent}`));
    return reply.ok ? undefined : reply.code;
  }

  #message(text: string) {
    return { conversationId: this.#options.privateId, clientMessageId: crypto.randomUUID(), kind: 'text', text };
  }

  async #readPage(): Promise<string | undefined> {
    const { url, token, privateId } = this.#options;
    try {
      const response = await fetch(`${url}/api/conversations/${privateId}/messages?limit=20`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(ACK_DEADLINE_MS),
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `status ${response.status}`;
    } catch (error) {
      return `no answer (${(error as Error).name})`;
    }
  }

  async #request<T extends { ok: true }>(event: string, payload: object): Promise<T | { ok: false; code: string }> {
    try {
      return (await this.#socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, payload)) as T | Refused;
    } catch {
      return { ok: false, code: 'no answer' };
    }
  }

  #check(event: string, args: readonly unknown[]): void {
    const { name, privateId, healthyIds, observations } = this.#options;
    const problem = describeUncheckedPacket(event, args);
    if (problem) {
      observations.onLeak(`${name} received ${problem}`);
      return;
    }
    if (event === 'conversation') this.#known.add((args[0] as Conversation).id);
    if (event !== 'messages') return;
    const { conversationId, messages } = args[0] as MessagesPacket;
    if (!this.#known.has(conversationId)) this.#unknown.add(conversationId);
    const stranger = messages.find(({ senderId }) => conversationId === privateId && !healthyIds.has(senderId));
    if (stranger) observations.onLeak(`${name} got a message of ${stranger.senderId} in the private group`);
  }
}
