import { LOBBY_ID } from '@parley/client';
import type { ConversationId, UserId } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import type { EventRecord } from '../events/event-record.ts';
import type { Recorder } from '../events/recorder.ts';
import { integerBetween, oneOf, type Random, seededRandom } from '../seeded-random.ts';
import type { ClientMix } from './client-mix.ts';
import { LibraryClient } from './library-client.ts';
import { PlainClient } from './plain-client.ts';
import { type RejectedClientOptions, runRejectedClient } from './rejected-client.ts';
import { createConversation, signUpGuest } from './rest.ts';

export interface WorkloadOptions extends ClientMix {
  readonly url: string;
  /** Addresses of the chat servers, bypassing the proxy. */
  readonly serverUrls: readonly string[];
  readonly recorder: Recorder;
  readonly seed: number;
}

/** The ways in which a Socket.IO client connects. Plain clients use them in turn. */
const TRANSPORTS: ('polling' | 'websocket')[][] = [['websocket'], ['polling', 'websocket'], ['websocket'], ['polling']];
const READY_DEADLINE_MS = 120_000;
const POLL_INTERVAL_MS = 100;
const GROUP_SIZES = [4, 8, 12, 16] as const;
/** At this number of unacked messages a client sends no more. A flood uses all that a chat server accepts from one client. */
const MAX_PENDING = { normal: 8, flood: 32 } as const;
/** The longest texts that the protocol allows. */
const FLOOD_TEXT_LENGTH = 4_000;

interface WorkloadClient {
  readonly role: 'sender' | 'listener' | 'floodSender';
  readonly client: PlainClient | LibraryClient;
  readonly userId: UserId;
  readonly conversationIds: ConversationId[];
}

/** All clients of a run: those that send, those that only receive, and rejected clients that compete for slots. */
export class Workload {
  readonly #options: WorkloadOptions;
  readonly #members: WorkloadClient[] = [];
  readonly #conversations = new Map<ConversationId, UserId[]>();
  readonly #rejectedClients: RejectedClientOptions[] = [];
  readonly #stopped = new AbortController();
  #sendLoops: Promise<unknown> = Promise.resolve();

  private constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** Creates the users and conversations. Resolves when all clients are online and know their conversations. */
  static async start(options: WorkloadOptions, signal: AbortSignal): Promise<Workload> {
    const workload = new Workload(options);
    try {
      await workload.#start(AbortSignal.any([signal, AbortSignal.timeout(READY_DEADLINE_MS)]));
    } catch (error) {
      await workload.close();
      throw error;
    }
    return workload;
  }

  get online(): number {
    return this.#members.filter(({ client }) => client.isOnline).length;
  }

  get size(): number {
    return this.#members.length;
  }

  /** The clients that only receive. */
  get listeners(): readonly PlainClient[] {
    return this.#members.flatMap(({ role, client }) =>
      role === 'listener' && client instanceof PlainClient ? [client] : [],
    );
  }

  get pending(): number {
    return this.#members.reduce((sum, { client }) => sum + client.pending, 0);
  }

  get conversations(): EventRecord['conversations'] {
    return [...this.#conversations].map(([id, memberIds]) => ({ id, memberIds }));
  }

  get clients(): EventRecord['clients'] {
    return [
      ...this.#members.map(({ client, userId }) => ({
        name: client.name,
        userId,
        kind: client instanceof PlainClient ? ('plain' as const) : ('library' as const),
        seesEverything: true,
      })),
      ...this.#rejectedClients.map(({ name, account }) => ({
        ...{ name, userId: account.userId },
        kind: 'plain' as const,
        seesEverything: false,
      })),
    ];
  }

  /** Returns a plain client that is a member of this conversation. */
  readerOf(conversationId: string): PlainClient {
    const member = this.#members.find(
      ({ client, conversationIds }) =>
        client instanceof PlainClient && conversationIds.some((id) => id === conversationId),
    );
    if (!(member?.client instanceof PlainClient)) throw new Error(`no plain client is a member of ${conversationId}`);
    return member.client;
  }

  /** Starts to send and to run the rejected clients. */
  startSending(): void {
    const random = seededRandom(this.#options.seed);
    const { signal } = this.#stopped;
    const senders = this.#members.filter(({ role }) => role === 'sender' || this.#floodsFromStart(role));
    const seeds = Array.from({ length: senders.length + this.#rejectedClients.length }, () => random() * 2 ** 32);
    this.#sendLoops = Promise.all([
      ...senders.map((member) => this.#sendRepeatedly(member, seededRandom(seeds.pop() ?? 0), signal)),
      ...this.#rejectedClients.map((options) => runRejectedClient(options, signal)),
    ]);
  }

  /** Lets the flood senders send as fast as they can until the signal aborts. Only with `floodsOnDemand`. */
  async flood(until: AbortSignal): Promise<void> {
    const random = seededRandom(this.#options.seed);
    const signal = AbortSignal.any([until, this.#stopped.signal]);
    const senders = this.#members.filter(({ role }) => role === 'floodSender' && !this.#floodsFromStart(role));
    const floodGroups = ({ conversationIds }: WorkloadClient) => conversationIds.filter((id) => id !== LOBBY_ID);
    await Promise.all(
      senders.map(async (member) => {
        while (!signal.aborted) {
          // All at once: a turn of this process is longer than the pause between two messages of a flood.
          while (member.client.pending < MAX_PENDING.flood) member.client.send(oneOf(random, floodGroups(member)));
          await pause(integerBetween(random, ...this.#options.floodPauseMs), signal);
        }
      }),
    );
  }

  #floodsFromStart(role: WorkloadClient['role']): boolean {
    return role === 'floodSender' && !this.#options.floodsOnDemand;
  }

  /** Stops new messages and disconnects the rejected clients. Clients keep resending unacked messages. */
  async stopSending(): Promise<void> {
    this.#stopped.abort();
    await this.#sendLoops;
  }

  /** Describes each client that is offline, has unacked messages, or lacks messages up to these heads. */
  behind(heads: ReadonlyMap<string, number>): string[] {
    return this.#members.flatMap(({ client, conversationIds }) => {
      const missing = conversationIds.filter((id) => !client.hasUpTo(id, heads.get(id) ?? 0));
      if (missing.length === 0 && client.pending === 0 && client.isOnline) return [];
      const phase = client instanceof LibraryClient ? client.phase : client.isOnline ? 'online' : 'offline';
      return [`${client.name} (${phase}, ${client.pending} unacked, behind in ${missing.length})`];
    });
  }

  async close(): Promise<void> {
    await this.stopSending();
    await Promise.all(this.#members.map(({ client }) => client.close()));
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { url, recorder, plainClients, libraryClients, listeners, floodSenders, rejectedClients, secondDevices } =
      this.#options;
    const random = seededRandom(this.#options.seed);
    for (let index = 0; index < plainClients; index += 1) {
      await this.#addPlain('sender', `plain-${index + 1}`, TRANSPORTS[index % TRANSPORTS.length]);
    }
    for (let index = 0; index < listeners; index += 1) await this.#addPlain('listener', `listener-${index + 1}`);
    for (let index = 0; index < floodSenders; index += 1)
      await this.#addPlain('floodSender', `flood-sender-${index + 1}`);
    for (let index = 0; index < libraryClients; index += 1) {
      const client = new LibraryClient({ name: `library-${index + 1}`, url, recorder });
      const userId = await client.start(signal);
      this.#members.push({ role: 'sender', client, userId, conversationIds: [LOBBY_ID] });
    }
    for (let index = 0; index < rejectedClients; index += 1) {
      const name = `rejected-${index + 1}`;
      const account = await signUpGuest(url, name);
      const times = { onlineMs: [1_500, 4_000], offlineMs: [300, 1_500] } as const;
      this.#rejectedClients.push({ name, url, recorder, account, random, takeoverRatio: 0, ...times });
    }
    for (const { client } of this.#members.slice(0, Math.min(secondDevices, plainClients))) {
      if (!(client instanceof PlainClient)) continue;
      const times = { onlineMs: [800, 1_500], offlineMs: [2_000, 6_000] } as const;
      const name = `second-device-of-${client.name}`;
      this.#rejectedClients.push({
        name,
        url,
        recorder,
        account: client.account,
        random,
        takeoverRatio: 0.3,
        ...times,
      });
    }
    this.#conversations.set(LOBBY_ID, [
      ...this.#members.map(({ userId }) => userId),
      ...this.#rejectedClients.map(({ account }) => account.userId),
    ]);
    if (this.#options.conversations === 'all') await this.#createConversations(random);
    const [floodSender, ...floodReaders] = this.#members.filter(({ role }) => role !== 'sender').reverse();
    for (let group = 0; floodSender?.role === 'floodSender' && group < this.#options.floodGroups; group += 1)
      await this.#create('group', floodSender, floodReaders);
    for (;;) {
      signal.throwIfAborted();
      const isReady = ({ client, conversationIds }: WorkloadClient) =>
        client.isOnline && (client instanceof PlainClient || conversationIds.every((id) => client.knows(id)));
      if (this.#members.every(isReady)) return;
      await pause(POLL_INTERVAL_MS, signal);
    }
  }

  async #addPlain(role: WorkloadClient['role'], name: string, transports = TRANSPORTS[0] ?? []): Promise<void> {
    const { url: publicUrl, serverUrls, recorder } = this.#options;
    const account = await signUpGuest(publicUrl, name);
    const url = (role === 'listener' && serverUrls[this.#members.length % serverUrls.length]) || publicUrl;
    const isFlood = role === 'floodSender';
    const textLength = isFlood ? FLOOD_TEXT_LENGTH : 0;
    const maxPending = isFlood ? MAX_PENDING.flood : MAX_PENDING.normal;
    const client = new PlainClient({ name, url, recorder, textLength, maxPending }, account, transports);
    this.#members.push({ role, client, userId: account.userId, conversationIds: [LOBBY_ID] });
    client.start();
  }

  /** Creates groups of several sizes, and a direct conversation between each plain client and a library client. */
  async #createConversations(random: Random): Promise<void> {
    const plain = this.#members.filter(({ client }) => client instanceof PlainClient);
    const library = this.#members.filter(({ client }) => client instanceof LibraryClient);
    for (const [index, size] of GROUP_SIZES.entries()) {
      const owner = plain[index % plain.length];
      if (!owner) return;
      const others = new Set<WorkloadClient>();
      while (others.size < Math.min(size, this.#members.length) - 1) {
        const member = oneOf(random, this.#members);
        if (member !== owner) others.add(member);
      }
      await this.#create('group', owner, [...others]);
    }
    for (const [index, owner] of plain.entries()) {
      const other = library[index];
      if (other) await this.#create('direct', owner, [other]);
    }
  }

  async #create(kind: 'group' | 'direct', owner: WorkloadClient, others: readonly WorkloadClient[]): Promise<void> {
    if (!(owner.client instanceof PlainClient)) return;
    const userIds = others.map(({ userId }) => userId);
    const id = await createConversation(this.#options.url, owner.client.account, {
      kind,
      memberIds: userIds,
      ...(kind === 'group' && { title: `Group of ${userIds.length + 1}` }),
    });
    this.#conversations.set(id, [owner.userId, ...userIds]);
    for (const member of [owner, ...others]) member.conversationIds.push(id);
  }

  async #sendRepeatedly(
    { role, client, conversationIds }: WorkloadClient,
    random: Random,
    signal: AbortSignal,
  ): Promise<void> {
    const [min, max] = role === 'floodSender' ? this.#options.floodPauseMs : this.#options.pauseMs;
    const targets = role === 'floodSender' ? conversationIds.filter((id) => id !== LOBBY_ID) : conversationIds;
    while (!signal.aborted) {
      await pause(integerBetween(random, min, max), signal);
      if (!signal.aborted) client.send(oneOf(random, targets));
    }
  }
}
