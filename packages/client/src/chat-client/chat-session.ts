import type {
  ClientMessageId,
  Conversation,
  ConversationId,
  HeadsPacket,
  MessageId,
  User,
  UserId,
} from '@parley/protocol';
import type { ConnectionState } from '../connection/connection-state.ts';
import { Connection } from '../connection.ts';
import type { OutboxStorage } from '../outbox/outbox-storage.ts';
import { Outbox } from '../outbox.ts';
import type { NewConversation, RestClient } from '../rest-client.ts';
import { pause, retryDelayMs } from '../retry-delay.ts';
import { singleFlight } from '../single-flight.ts';
import type { ChatSnapshot } from './chat-snapshot.ts';
import { People } from './people.ts';
import { Threads } from './threads.ts';

export interface ChatSessionOptions {
  readonly me: User;
  readonly rest: RestClient;
  readonly url: string;
  readonly deviceId: string;
  readonly outboxStorage: OutboxStorage;
  readonly onDisplayed: ((conversationId: ConversationId, messageIds: readonly MessageId[]) => void) | undefined;
  readonly onChange: (change: Partial<ChatSnapshot>) => void;
  /** The login has ended: this session is over. */
  readonly onExpired: () => void;
}

/**
 * One person's chat from signing in to signing out. After each connect it compares where the conversations stand with what it
 * has, and fetches the difference, while live messages come in already: subscribe, then fetch, then merge.
 */
export class ChatSession {
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly threads: Threads;
  readonly people: People;
  readonly #options: ChatSessionOptions;
  readonly #closing = new AbortController();
  readonly #loadConversations = singleFlight(() => this.#loadConversationsUntilDone());

  constructor(options: ChatSessionOptions) {
    const { me, rest, url, deviceId, outboxStorage } = options;
    const onChange = (change: Partial<ChatSnapshot>) => this.#change(change);
    this.#options = options;
    this.connection = new Connection({
      url,
      deviceId,
      accessToken: () => rest.credentials.accessToken(),
      refreshToken: () => rest.credentials.refresh(),
      onState: (state) => this.#connectionChanged(state),
      handlers: {
        messages: (packet) => {
          this.outbox.sawMessages(packet.conversationId, packet.messages);
          if (!this.threads.receive(packet)) void this.#loadConversations();
        },
        stored: (packet) => this.threads.sawStored(packet),
        conversation: (conversation) => this.#conversationChanged(conversation),
        heads: (heads) => void this.#compareHeads(heads, 'soon'),
      },
    });
    this.outbox = new Outbox({
      userId: me.id,
      storage: outboxStorage,
      send: (payload) => this.connection.request('message:send', payload),
      fetchSince: (payload) => this.threads.fetchSince(payload),
      onChange: (conversationId) => this.threads.outgoingChanged(conversationId),
    });
    this.people = new People({
      lookUp: (ids) => rest.usersByIds(ids),
      onChange: (people) => onChange({ people }),
    });
    this.threads = new Threads({
      myId: me.id,
      fetchPage: (conversationId, range) => rest.messages(conversationId, range),
      fetchSince: (payload) => this.connection.request('messages:since', payload),
      outgoing: (conversationId) => this.outbox.messagesOf(conversationId),
      onMessages: (conversationId, messages) => {
        this.outbox.sawMessages(conversationId, messages);
        this.people.need(messages.map(({ senderId }) => senderId));
        if (messages.length > 0)
          options.onDisplayed?.(
            conversationId,
            messages.map(({ id }) => id),
          );
      },
      onStored: (conversationId, seq) => this.outbox.sawStored(conversationId, seq),
      onRefused: () => void this.#loadConversations(),
      onEpochChange: (conversationId) => this.outbox.epochChanged(conversationId),
      onChange,
    });
  }

  start(): void {
    this.people.add([this.#options.me]);
    this.connection.start();
    void this.outbox.load();
    void this.#loadConversations();
  }

  open(conversationId: ConversationId | null): Promise<void> {
    this.#change({ openId: conversationId });
    return this.threads.open(conversationId);
  }

  /** @throws ParleyError */
  async create(conversation: NewConversation): Promise<ConversationId> {
    const created = await this.#options.rest.createConversation(conversation);
    this.#conversationChanged(created);
    await this.open(created.id);
    return created.id;
  }

  /** People to talk to, without the caller. @throws ParleyError */
  async searchUsers(query: string): Promise<User[]> {
    const users = await this.#options.rest.searchUsers(query);
    this.people.add(users);
    return users.filter(({ id }) => id !== this.#options.me.id);
  }

  send(conversationId: ConversationId, text: string): ClientMessageId {
    return this.outbox.add(conversationId, text, this.threads.headOf(conversationId)).clientMessageId;
  }

  close(): void {
    this.#closing.abort();
    this.connection.stop();
    this.outbox.close();
    this.threads.close();
    this.people.close();
  }

  /** What arrives after the end, such as a page that was on its way, shows no more. */
  #change(change: Partial<ChatSnapshot>): void {
    if (!this.#closing.signal.aborted) this.#options.onChange(change);
  }

  #connectionChanged(connection: ConnectionState): void {
    if (this.#closing.signal.aborted) return;
    this.#change({ connection, ...(connection.phase === 'online' && { hasBeenOnline: true }) });
    if (connection.phase === 'online') {
      void this.#compareHeads(connection.heads, 'now');
      void this.outbox.connected();
    } else {
      this.outbox.disconnected();
    }
    if (connection.phase === 'expired') this.#options.onExpired();
  }

  /** @param when `now` with those of all conversations, at the beginning of a connection; `soon` with those of some */
  async #compareHeads(heads: HeadsPacket, when: 'now' | 'soon'): Promise<void> {
    const unknown = heads.filter(({ conversationId }) => !this.threads.has(conversationId));
    const areAll = when === 'soon' || heads.length === this.threads.snapshots.size;
    this.threads.compareHeads(heads, { when });
    if (unknown.length === 0 && areAll) return;
    await this.#loadConversations();
    this.threads.compareHeads(unknown, { when });
  }

  #conversationChanged(conversation: Conversation): void {
    this.people.add(conversation.members);
    if (isMember(conversation, this.#options.me.id)) this.threads.put(conversation);
    else this.threads.remove(conversation.id);
  }

  async #loadConversationsUntilDone(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const knownBefore = new Set(this.threads.snapshots.keys());
        const conversations = await this.#options.rest.conversations();
        if (signal.aborted) return;
        this.people.add(conversations.flatMap(({ members }) => members));
        this.threads.replaceAll(conversations, knownBefore);
        return;
      } catch {
        await pause(retryDelayMs(failures), signal);
      }
    }
  }
}

const isMember = ({ kind, members }: Conversation, userId: UserId) =>
  kind === 'channel' || members.some(({ id }) => id === userId);
