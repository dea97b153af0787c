import type {
  ClientMessageId,
  Conversation,
  ConversationId,
  HeadsPacket,
  Message,
  MessageId,
  SearchPage,
  User,
  UserId,
} from '@parley/protocol';
import { isPlaceholder } from '@parley/protocol/constants';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { RequestEvent, RequestPayload } from '../connection/send-request.ts';
import { Connection } from '../connection.ts';
import type { OutboxStorage } from '../outbox/storage/outbox-storage.ts';
import { Outbox } from '../outbox.ts';
import type { NewConversation, RestClient } from '../rest-client.ts';
import type { ChatSnapshot } from './chat-snapshot.ts';
import { ConversationActions } from './conversation-actions.ts';
import { ConversationListLoader } from './conversation-list-loader.ts';
import { Conversations } from './conversations.ts';
import { IdleWarning } from './idle-warning.ts';
import { MessageChanges } from './message-changes.ts';
import { Signals } from './signals.ts';
import { UserDirectory } from './user-directory.ts';
import { membersOf, usersOf } from './users-in-use.ts';

export interface ChatSessionOptions {
  readonly me: User;
  readonly rest: RestClient;
  readonly url: string;
  readonly deviceId: string;
  readonly outboxStorage: OutboxStorage;
  /** The number of messages to keep loaded in each conversation. */
  readonly maxMessages: number;
  readonly onDisplayed: ((conversationId: ConversationId, messageIds: readonly MessageId[]) => void) | undefined;
  readonly onChange: (change: Partial<ChatSnapshot>) => void;
  /** Called when the login has ended. The session is over. */
  readonly onExpired: () => void;
}

/**
 * The chat of one user from login to logout. Connects the parts of the library with each other.
 *
 * After each connect it compares the heads of all conversations with the loaded messages and fetches the difference.
 * Live messages already arrive during that time: subscribe first, then fetch, then merge.
 */
export class ChatSession {
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly conversations: Conversations;
  readonly users: UserDirectory;
  readonly signals: Signals;
  readonly idle: IdleWarning;
  readonly changes: MessageChanges;
  readonly conversationActions: ConversationActions;
  readonly #options: ChatSessionOptions;
  readonly #closing = new AbortController();
  #openConversationId: ConversationId | null = null;
  readonly #list: ConversationListLoader;

  constructor(options: ChatSessionOptions) {
    const { me, rest } = options;
    const onChange = (change: Partial<ChatSnapshot>) => this.#change(change);
    this.#options = options;
    this.signals = new Signals({
      myId: me.id,
      request: (event, payload) => this.#request(event, payload),
      fetchReceipts: (conversationId) => rest.receipts(conversationId),
      onTyping: (packet) => this.conversations.typingChanged(packet),
      onReceipts: (packet) => this.conversations.observeReceipts(packet),
      onPresence: onChange,
      contacts: () => membersOf(this.conversations.all()),
    });
    this.idle = new IdleWarning({
      request: (event, payload) => this.#request(event, payload),
      onChange: (idleEndsAt) => onChange({ idleEndsAt }),
    });
    this.changes = new MessageChanges((event, payload) => this.#request(event, payload));
    this.conversationActions = new ConversationActions({
      rest,
      myId: me.id,
      onChanged: (conversation) => this.#conversationChanged(conversation),
      onLeft: (conversationId) => this.#conversationLeft(conversationId),
    });
    this.connection = this.#newConnection();
    this.outbox = new Outbox({
      userId: me.id,
      storage: options.outboxStorage,
      send: (payload) => this.#request('message:send', payload),
      fetchSince: (payload) => this.conversations.fetchSince(payload),
      onChange: (conversationId) => this.conversations.outgoingChanged(conversationId),
    });
    this.users = new UserDirectory({
      lookUp: (ids) => rest.usersByIds(ids),
      inUse: () => usersOf(me.id, this.conversations.all(), this.conversations.views.values()),
      onChange: (users) => onChange({ users }),
    });
    this.conversations = this.#newConversations();
    this.#list = new ConversationListLoader({
      fetch: () => rest.conversations(),
      onLoading: () => {
        const knownBefore = new Set(this.conversations.views.keys());
        return (conversations) => {
          this.users.add(conversations.flatMap(({ members }) => members));
          this.conversations.replaceAll(conversations, knownBefore);
        };
      },
    });
  }

  start(): void {
    this.users.add([this.#options.me]);
    this.connection.start();
    void this.outbox.load();
    void this.#list.load();
  }

  open(conversationId: ConversationId | null): Promise<void> {
    this.#openConversationId = conversationId;
    this.#change({ openConversationId: conversationId });
    return this.conversations.open(conversationId);
  }

  /** @throws ParleyError */
  async create(conversation: NewConversation): Promise<ConversationId> {
    const id = await this.conversationActions.create(conversation);
    await this.open(id);
    return id;
  }

  /** Finds users by name, without the current user. @throws ParleyError */
  async searchUsers(query: string): Promise<User[]> {
    const users = await this.#options.rest.searchUsers(query);
    this.users.add(users);
    return users.filter(({ id }) => id !== this.#options.me.id);
  }

  /** @throws ParleyError */
  async search(query: string, conversationId?: ConversationId, before?: MessageId): Promise<SearchPage> {
    const page = await this.#options.rest.search(query, { conversationId, before });
    this.users.ensureKnown(page.messages.map(({ senderId }) => senderId));
    return page;
  }

  /** A message of a user whose idle session was ended connects again: the user is back. */
  send(conversationId: ConversationId, text: string, replyTo?: MessageId): ClientMessageId {
    const { clientMessageId } = this.outbox.add(
      conversationId,
      text,
      this.conversations.headOf(conversationId),
      replyTo,
    );
    this.signals.typing.set(conversationId, false);
    this.connection.reconnect();
    return clientMessageId;
  }

  close(): void {
    this.idle.reset();
    this.#closing.abort();
    this.#list.close();
    this.changes.close();
    this.connection.stop();
    this.outbox.close();
    this.signals.close();
    this.conversations.close();
    this.users.close();
  }

  async #request<E extends RequestEvent>(event: E, payload: RequestPayload<E>) {
    const reply = await this.connection.request(event, payload);
    if (reply.ok) this.idle.accepted(event);
    return reply;
  }

  /** Ignores changes after `close`, for example from a page that arrives late. */
  #change(change: Partial<ChatSnapshot>): void {
    if (!this.#closing.signal.aborted) this.#options.onChange(change);
  }

  #newConnection(): Connection {
    const { url, deviceId, rest } = this.#options;
    return new Connection({
      url,
      deviceId,
      accessToken: () => rest.credentials.accessToken(),
      refreshToken: () => rest.credentials.refresh(),
      onState: (state) => this.#connectionChanged(state),
      handlers: {
        ...this.signals.handlers,
        messages: (packet) => {
          this.outbox.observeMessages(packet.conversationId, packet.messages);
          if (!this.conversations.receive(packet)) void this.#list.load();
        },
        stored: (packet) => this.conversations.observeStored(packet),
        conversation: (conversation) => this.#conversationChanged(conversation),
        heads: (heads) => void this.#compareHeads(heads, 'soon'),
        'session:idle': (packet) => this.idle.warned(packet),
        'server:draining': () => this.#change({ isDraining: true }),
      },
    });
  }

  #newConversations(): Conversations {
    const { me, rest, maxMessages } = this.#options;
    return new Conversations({
      myId: me.id,
      maxMessages,
      fetchPage: (conversationId, range) => rest.messages(conversationId, range),
      fetchSince: (payload) => this.connection.request('messages:since', payload),
      outgoing: (conversationId) => this.outbox.messagesOf(conversationId),
      onMessages: (conversationId, messages) => {
        this.outbox.observeMessages(conversationId, messages);
        this.users.ensureKnown(messages.map(({ senderId }) => senderId));
        this.#displayed(conversationId, messages);
      },
      onArrived: (conversation, messages) => this.signals.arrived(conversation, messages),
      onOpen: (conversation) => this.signals.opened(conversation),
      onRead: (conversationId, seq) => this.signals.read(conversationId, seq),
      onStored: (conversationId, seq) => this.outbox.observeStored(conversationId, seq),
      onRefused: () => void this.#list.load(),
      onRemoved: (conversationId) => {
        this.signals.forget(conversationId);
        this.outbox.forget(conversationId);
      },
      onEpochChange: (conversationId) => {
        this.outbox.epochChanged(conversationId);
        this.signals.epochChanged(conversationId);
      },
      onChange: (change) => this.#change(change),
    });
  }

  #connectionChanged(connection: ConnectionState): void {
    if (this.#closing.signal.aborted) return;
    this.idle.reset();
    if (connection.phase === 'online') {
      const { heads } = connection;
      this.#change({ connection, hasBeenOnline: true, isDraining: false });
      this.conversations.observeReadSeqs(heads);
      void this.#compareHeads(heads, 'now');
      this.signals.connected(heads, this.conversations.openConversation);
      void this.outbox.connected();
    } else {
      this.#change({ connection });
      this.outbox.disconnected();
      this.signals.disconnected();
    }
    if (connection.phase === 'expired') this.#options.onExpired();
  }

  /** @param when `now` for the heads of all conversations after a connect; `soon` for periodic heads of some of them */
  async #compareHeads(heads: HeadsPacket, when: 'now' | 'soon'): Promise<void> {
    const unknown = heads.filter(({ conversationId }) => !this.conversations.has(conversationId));
    const areAll = when === 'soon' || heads.length === this.conversations.views.size;
    this.conversations.compareHeads(heads, { when });
    if (unknown.length === 0 && areAll) return;
    await this.#list.load();
    this.conversations.compareHeads(unknown, { when });
  }

  #conversationChanged(conversation: Conversation): void {
    this.users.add(conversation.members);
    if (isMember(conversation, this.#options.me.id)) this.conversations.put(conversation);
    else this.#conversationLeft(conversation.id);
  }

  #conversationLeft(conversationId: ConversationId): void {
    this.conversations.remove(conversationId);
    if (conversationId === this.#openConversationId) void this.open(null);
  }

  #displayed(conversationId: ConversationId, messages: readonly Message[]): void {
    const ids = messages.filter((message) => !isPlaceholder(message)).map(({ id }) => id);
    if (ids.length > 0) this.#options.onDisplayed?.(conversationId, ids);
  }
}

const isMember = ({ kind, members }: Conversation, userId: UserId) =>
  kind === 'channel' || members.some(({ id }) => id === userId);
