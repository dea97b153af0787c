import type { ClientMessageId, ConversationId, MessageId, SearchPage, User, UserId } from '@parley/protocol';
import { ChatSession } from './chat-client/chat-session.ts';
import { type ChatSnapshot, SIGNED_OUT_SNAPSHOT } from './chat-client/chat-snapshot.ts';
import { defaultOutboxStorage } from './outbox/storage/indexed-db-outbox-storage.ts';
import type { OutboxStorage } from './outbox/storage/outbox-storage.ts';
import { ParleyError } from './parley-error.ts';
import { randomId } from './random-id.ts';
import { RestClient } from './rest-client.ts';
import { delayAfterMs, pause } from './retry-delay.ts';
import { SnapshotStore } from './snapshot-store.ts';

export interface ChatClientOptions {
  /** Base URL of the cluster, such as `http://localhost:8080`. Default: the origin of the page. */
  readonly url?: string;
  /**
   * Identifies this device. A connection with the same id is a reconnect. A connection with another id is a second session,
   * which the cluster rejects while the first one is live. Default: a new random id.
   */
  readonly deviceId?: string;
  /** Keeps outgoing messages until the cluster has stored them. Default: IndexedDB in a browser, memory in Node. */
  readonly outboxStorage?: OutboxStorage;
  /**
   * The number of messages to keep in memory in each conversation. The oldest are dropped in groups when a tenth more are loaded;
   * `loadOlder` brings them back. Messages that were loaded with it stay until another conversation is opened or as many new ones
   * have arrived. Default: 1,000.
   */
  readonly maxMessages?: number;
  /**
   * Called when messages enter the timeline of a conversation, with the message ids that also appear in server logs and in
   * message traces. Default: not called.
   */
  readonly onDisplayed?: (conversationId: ConversationId, messageIds: readonly MessageId[]) => void;
}

/** The default of `maxMessages`. */
const DEFAULT_MAX_MESSAGES = 1_000;

/**
 * The entry point of the library: login, connection, conversations and messages. The whole state is one immutable
 * `ChatSnapshot`, read with `getSnapshot` and observed with `subscribe`. Methods change the state. A method that fails
 * rejects with a `ParleyError`, whose `message` can be shown to the user.
 *
 *     const chat = new ChatClient({ url: 'http://localhost:8080' });
 *     await chat.joinAsGuest('Ada');
 *     await chat.open(LOBBY_ID);
 *     chat.send(LOBBY_ID, 'Hello');
 *     chat.close();
 */
export class ChatClient {
  readonly #url: string;
  readonly #deviceId: string;
  readonly #outboxStorage: OutboxStorage;
  readonly #maxMessages: number;
  readonly #onDisplayed: ChatClientOptions['onDisplayed'];
  readonly #rest: RestClient;
  readonly #store = new SnapshotStore<ChatSnapshot>(SIGNED_OUT_SNAPSHOT);
  readonly #closing = new AbortController();
  #session: ChatSession | undefined;

  constructor(options: ChatClientOptions = {}) {
    const { url = '', deviceId = randomId(), outboxStorage = defaultOutboxStorage(), onDisplayed } = options;
    this.#maxMessages = Math.max(1, options.maxMessages ?? DEFAULT_MAX_MESSAGES);
    this.#url = url;
    this.#deviceId = deviceId;
    this.#outboxStorage = outboxStorage;
    this.#onDisplayed = onDisplayed;
    this.#rest = new RestClient(url);
  }

  readonly getSnapshot = (): ChatSnapshot => this.#store.getSnapshot();

  /** Calls the listener after each change. @returns a function that unsubscribes it */
  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  async register(username: string, password: string, displayName?: string): Promise<void> {
    this.#begin(await this.#rest.register(username, password, displayName));
  }

  async logIn(username: string, password: string): Promise<void> {
    this.#begin(await this.#rest.logIn(username, password));
  }

  async joinAsGuest(displayName: string): Promise<void> {
    this.#begin(await this.#rest.joinAsGuest(displayName));
  }

  /** Continues the last login if it is still valid. Retries until the cluster answers. */
  async resume(): Promise<void> {
    this.#store.update({ login: 'resuming' });
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return this.#begin(await this.#rest.credentials.refresh());
      } catch (error) {
        if (error instanceof ParleyError && !error.retryable) {
          const signOutReason = error.code === 'UNAUTHENTICATED' ? 'login-expired' : null;
          return this.#store.update({ ...SIGNED_OUT_SNAPSHOT, signOutReason });
        }
        await pause(delayAfterMs(failures, error), signal);
      }
    }
  }

  /** Signs out locally at once, then ends the login in the cluster. @throws ParleyError if the cluster does not answer */
  async logOut(): Promise<void> {
    this.#end();
    await this.#rest.credentials.signOut();
  }

  /** Opens a conversation and loads its newest page. While it is open and visible its messages count as read. */
  open(conversationId: ConversationId | null): Promise<void> {
    return this.#signedIn().open(conversationId);
  }

  /** Loads the page before the first loaded message. Never rejects: a failure is in the view's `loadError`. */
  loadOlder(conversationId: ConversationId): Promise<void> {
    return this.#signedIn().conversations.loadOlder(conversationId);
  }

  /** Loads older pages until this message is loaded. @returns false on failure; see the view's `loadError` */
  loadUntil(conversationId: ConversationId, seq: number): Promise<boolean> {
    return this.#signedIn().conversations.loadUntil(conversationId, seq);
  }

  /**
   * Sends a text as soon as there is a connection. The outbox keeps the message until the cluster has stored it, across
   * reloads and logins of the same user. The view's `pending` shows its state.
   *
   * @param replyTo the message of the same conversation that this one replies to
   * @throws ParleyError `BUSY` if the outbox is full
   */
  send(conversationId: ConversationId, text: string, replyTo?: MessageId): ClientMessageId {
    return this.#signedIn().send(conversationId, text, replyTo);
  }

  /** Edits the user's own message. Resolves when the server has accepted the edit; retries for up to 20 s. */
  edit(conversationId: ConversationId, messageId: MessageId, text: string): Promise<void> {
    return this.#signedIn().changes.edit(conversationId, messageId, text);
  }

  /** Deletes the user's own message, or any message in a group or channel that the user created. Retries like `edit`. */
  deleteMessage(conversationId: ConversationId, messageId: MessageId): Promise<void> {
    return this.#signedIn().changes.delete(conversationId, messageId);
  }

  /** Sets the user's reaction to a message, of which there is at most one; null removes it. Retries like `edit`. */
  react(conversationId: ConversationId, messageId: MessageId, emoji: string | null): Promise<void> {
    return this.#signedIn().changes.react(conversationId, messageId, emoji);
  }

  /** Call this on every input. It limits how often the server is notified, and `send` resets it. */
  setTyping(conversationId: ConversationId, isTyping: boolean): void {
    this.#session?.signals.typing.set(conversationId, isTyping);
  }

  /** Sets the status "away": connected but not active. It is sent again after each reconnect. */
  setAway(isAway: boolean): void {
    this.#session?.signals.setAway(isAway);
  }

  /** Sets whether the open conversation is visible. While it is not, nothing counts as read. Initially true. */
  setVisible(isVisible: boolean): void {
    this.#session?.conversations.setVisible(isVisible);
  }

  /** Retries a failed message with the same `clientMessageId`. */
  retrySending(clientMessageId: ClientMessageId): void {
    this.#signedIn().outbox.retry(clientMessageId);
  }

  /** Removes a failed message from the outbox. */
  discard(clientMessageId: ClientMessageId): void {
    this.#signedIn().outbox.discard(clientMessageId);
  }

  /** Opens the direct conversation with this user and creates it if necessary. Each pair of users has one. */
  startDirect(userId: UserId): Promise<ConversationId> {
    return this.#signedIn().create({ kind: 'direct', memberIds: [userId] });
  }

  createGroup(title: string, memberIds: readonly UserId[]): Promise<ConversationId> {
    return this.#signedIn().create({ kind: 'group', title, memberIds: [...memberIds] });
  }

  renameGroup(conversationId: ConversationId, title: string): Promise<void> {
    return this.#signedIn().conversationActions.rename(conversationId, title);
  }

  invite(conversationId: ConversationId, memberIds: readonly UserId[]): Promise<void> {
    return this.#signedIn().conversationActions.invite(conversationId, memberIds);
  }

  /** Leaves a group or channel and removes it from the snapshot. */
  leave(conversationId: ConversationId): Promise<void> {
    return this.#signedIn().conversationActions.leave(conversationId);
  }

  removeMember(conversationId: ConversationId, userId: UserId): Promise<void> {
    return this.#signedIn().conversationActions.removeMember(conversationId, userId);
  }

  /** Finds users whose name begins with the query, without the current user. */
  searchUsers(query: string): Promise<User[]> {
    return this.#signedIn().searchUsers(query);
  }

  /**
   * Finds messages that contain, for each word of the query, a word that begins with it. Newest first.
   *
   * @param conversationId restricts the search to one conversation
   * @param before the last result of the previous page
   */
  search(query: string, conversationId?: ConversationId, before?: MessageId): Promise<SearchPage> {
    return this.#signedIn().search(query, conversationId, before);
  }

  /** Ends the user's other session and connects here. Has an effect in the phases `already-connected` and `replaced`. */
  takeOver(): void {
    this.#session?.connection.takeOver();
  }

  /** Keeps the session while `idleEndsAt` says that it ends. Call it when the user does anything, or asks to stay. */
  stay(): void {
    void this.#session?.idle.stay();
  }

  /** Connects again in the phase `idle-ended`. Call it when the user asks to: others may be waiting for the slot. */
  reconnect(): void {
    this.#session?.connection.reconnect();
  }

  /** Reconnects without waiting for the rest of the backoff, for example when the network is back. */
  retryNow(): void {
    this.#session?.connection.retryNow();
  }

  /** Closes the connection and all timers. The login stays valid, so `resume` can continue it. */
  close(): void {
    this.#closing.abort();
    this.#end();
    this.#rest.close();
  }

  #begin(me: User): void {
    if (this.#closing.signal.aborted) return;
    this.#session?.close();
    this.#session = new ChatSession({
      me,
      rest: this.#rest,
      url: this.#url,
      deviceId: this.#deviceId,
      outboxStorage: this.#outboxStorage,
      maxMessages: this.#maxMessages,
      onDisplayed: this.#onDisplayed,
      onChange: (change) => this.#store.update(change),
      onExpired: () => {
        this.#end();
        this.#store.update({ signOutReason: 'login-expired' });
      },
    });
    this.#store.update({ ...SIGNED_OUT_SNAPSHOT, login: 'signed-in', me });
    this.#session.start();
  }

  #end(): void {
    this.#session?.close();
    this.#session = undefined;
    this.#store.update(SIGNED_OUT_SNAPSHOT);
  }

  #signedIn(): ChatSession {
    if (!this.#session) {
      throw new ParleyError({ code: 'UNAUTHENTICATED', message: 'You are not logged in.', retryable: false });
    }
    return this.#session;
  }
}
