import type { ClientMessageId, ConversationId, MessageId, SearchPage, User, UserId } from '@parley/protocol';
import { ChatSession } from './chat-client/chat-session.ts';
import { type ChatSnapshot, SIGNED_OUT_SNAPSHOT } from './chat-client/chat-snapshot.ts';
import { defaultOutboxStorage } from './outbox/storage/indexed-db-outbox-storage.ts';
import type { OutboxStorage } from './outbox/storage/outbox-storage.ts';
import { ParleyError } from './parley-error.ts';
import { randomId } from './random-id.ts';
import { RestClient } from './rest-client.ts';
import { pause, retryDelayMs } from './retry-delay.ts';
import { SnapshotStore } from './snapshot-store.ts';

export interface ChatClientOptions {
  /** Where the cluster is, such as `http://localhost:8080`. Default: where the page came from. */
  readonly url?: string;
  /**
   * Which device this is: the same one again is a reconnect, another one a second session, which the cluster refuses
   * while the first lives. Default: a new one.
   */
  readonly deviceId?: string;
  /** Where messages are kept until they are stored in the cluster. Default: IndexedDB in a browser, memory in Node. */
  readonly outboxStorage?: OutboxStorage;
  /**
   * Told of messages as they enter a thread, by the ids that the servers' log lines and the passport name: the last step of a
   * message's life. Default: nobody.
   */
  readonly onDisplayed?: (conversationId: ConversationId, messageIds: readonly MessageId[]) => void;
}

/**
 * Everything a chat's user interface needs: who is signed in, how the connection stands, conversations, and their messages with
 * the truth about what was sent. All of it is one value, which `subscribe` and `getSnapshot` give; the methods change it.
 * Those that fail reject with a `ParleyError` whose message is for people.
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
  readonly #onDisplayed: ChatClientOptions['onDisplayed'];
  readonly #rest: RestClient;
  readonly #store = new SnapshotStore<ChatSnapshot>(SIGNED_OUT_SNAPSHOT);
  readonly #closing = new AbortController();
  #session: ChatSession | undefined;

  constructor(options: ChatClientOptions = {}) {
    const { url = '', deviceId = randomId(), outboxStorage = defaultOutboxStorage(), onDisplayed } = options;
    this.#url = url;
    this.#deviceId = deviceId;
    this.#outboxStorage = outboxStorage;
    this.#onDisplayed = onDisplayed;
    this.#rest = new RestClient(url);
  }

  readonly getSnapshot = (): ChatSnapshot => this.#store.getSnapshot();

  /** Calls back after each change. @returns ends that */
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

  /** Continues the last login if it still holds; tries until the cluster answers. */
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
        await pause(retryDelayMs(failures), signal);
      }
    }
  }

  /** Signs out at once; the cluster is told in the background. */
  async logOut(): Promise<void> {
    this.#end();
    await this.#rest.credentials.signOut();
  }

  /** Looks at a conversation, which counts as reading it, or at none. Loads its newest page if need be. */
  open(conversationId: ConversationId | null): Promise<void> {
    return this.#signedIn().open(conversationId);
  }

  /** Loads the page before the first message. Never rejects: the thread's `loadError` tells a failure. */
  loadOlder(conversationId: ConversationId): Promise<void> {
    return this.#signedIn().conversations.loadOlder(conversationId);
  }

  /** Loads older pages until this message is there. @returns whether it is; the thread's `loadError` may say why not */
  loadUntil(conversationId: ConversationId, seq: number): Promise<boolean> {
    return this.#signedIn().conversations.loadUntil(conversationId, seq);
  }

  /**
   * Sends a text, now or when there is a connection, and keeps it until it is stored, through a reload and until the
   * user's next login if need be; the thread's `pending` shows how it goes.
   *
   * @param replyTo the message of the same conversation that it answers
   * @throws ParleyError `BUSY` when more messages can not be kept
   */
  send(conversationId: ConversationId, text: string, replyTo?: MessageId): ClientMessageId {
    return this.#signedIn().send(conversationId, text, replyTo);
  }

  /** Gives one's own message another text. Like the two below it tries for some seconds, and is done when it is accepted. */
  edit(conversationId: ConversationId, messageId: MessageId, text: string): Promise<void> {
    return this.#signedIn().changes.edit(conversationId, messageId, text);
  }

  /** Deletes one's own message, or any in a group or channel that one has created. */
  deleteMessage(conversationId: ConversationId, messageId: MessageId): Promise<void> {
    return this.#signedIn().changes.delete(conversationId, messageId);
  }

  /** Sets one's only reaction to a message, or takes it back with null. */
  react(conversationId: ConversationId, messageId: MessageId, emoji: string | null): Promise<void> {
    return this.#signedIn().changes.react(conversationId, messageId, emoji);
  }

  /** To be called on every input; tells the others now and then. `send` tells them of the end by itself. */
  setTyping(conversationId: ConversationId, isTyping: boolean): void {
    this.#session?.signals.typing.set(conversationId, isTyping);
  }

  /** Whether the user is connected but does something else; holds through reconnects. */
  setAway(isAway: boolean): void {
    this.#session?.signals.setAway(isAway);
  }

  /** Whether the open conversation is in sight; while it is not, nothing counts as read. True until said otherwise. */
  setVisible(isVisible: boolean): void {
    this.#session?.conversations.setVisible(isVisible);
  }

  /** Tries a failed message again, under the same id. */
  retrySending(clientMessageId: ClientMessageId): void {
    this.#signedIn().outbox.retry(clientMessageId);
  }

  /** Gives up a failed message. */
  discard(clientMessageId: ClientMessageId): void {
    this.#signedIn().outbox.discard(clientMessageId);
  }

  /** Opens the direct conversation with this user; there is one for each pair. */
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

  /** Leaves a group or channel, and forgets it here. */
  leave(conversationId: ConversationId): Promise<void> {
    return this.#signedIn().conversationActions.leave(conversationId);
  }

  removeMember(conversationId: ConversationId, userId: UserId): Promise<void> {
    return this.#signedIn().conversationActions.removeMember(conversationId, userId);
  }

  /** Users whose name begins with the query, without oneself. */
  searchUsers(query: string): Promise<User[]> {
    return this.#signedIn().searchUsers(query);
  }

  /**
   * Messages whose words begin with those of the query, newest first.
   *
   * @param conversationId only there
   * @param before the last hit of the page before
   */
  search(query: string, conversationId?: ConversationId, before?: MessageId): Promise<SearchPage> {
    return this.#signedIn().search(query, conversationId, before);
  }

  /** In `elsewhere` and `replaced`: continues here and ends the other session. */
  takeOver(): void {
    this.#session?.connection.takeOver();
  }

  /** In `offline`: tries at once, such as when the network is back. */
  retryNow(): void {
    this.#session?.connection.retryNow();
  }

  /** Ends every connection and timer; the login stays good for `resume`. */
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
