import type { ConversationStore } from '@parley/message-store';
import { type PresenceReporter, type PresenceStore, toPresenceChange, userRoom } from '@parley/presence';
import { type Conversation, type ConversationId, LOBBY_ID, type PresenceChange, type UserId } from '@parley/protocol';
import { backoffMs, ConcurrencyLimiter, type Logger, pause } from '@parley/service-kit';
import type { MembershipObserver } from '../conversations/membership-events.ts';
import type { Session } from '../session.ts';
import { type ChatIo, type ChatSocket, isConversation } from '../socket-types.ts';

/** The most users in the snapshot that a client gets after `session:hello`. */
const MAX_CONTACTS = 1_000;

/** The most memberships that are read to find them: a user may share several groups with the same people. */
const MAX_CONTACT_MEMBERSHIPS = 4_000;

/** How many snapshots are read at the same time. A thousand new clients must not delay more important work. */
const MAX_SNAPSHOTS = 8;

/** The most attempts to send a snapshot while Redis or the store is unavailable. */
const MAX_ATTEMPTS = 10;

/**
 * The chat server's part of presence: reports the changes of its sessions, and sends snapshots of the presence store to new
 * clients. The presence service decides how users are shown, and sends the changes.
 */
export class Presence implements MembershipObserver {
  readonly #store: PresenceStore;
  readonly #reporter: PresenceReporter;
  readonly #conversations: ConversationStore;
  readonly #io: ChatIo;
  readonly #logger: Logger;
  readonly #limiter = new ConcurrencyLimiter(MAX_SNAPSHOTS);
  /** A client that says hello again before its snapshot is sent gets one snapshot. It bounds the queue of the limiter. */
  readonly #awaitingSnapshot = new Set<ChatSocket>();

  constructor(parts: {
    store: PresenceStore;
    reporter: PresenceReporter;
    conversations: ConversationStore;
    io: ChatIo;
    logger: Logger;
  }) {
    this.#store = parts.store;
    this.#reporter = parts.reporter;
    this.#conversations = parts.conversations;
    this.#io = parts.io;
    this.#logger = parts.logger;
  }

  /** Reports a session whose socket has joined the rooms of its user's conversations. */
  opened(socket: ChatSocket, { userId }: Session): void {
    const conversationIds = [...socket.rooms].filter(isConversation).filter((id) => id !== LOBBY_ID);
    this.#reporter.report({ kind: 'opened', userId, conversationIds });
  }

  ended({ userId, endedBy }: Session): void {
    if (endedBy !== 'replaced') this.#reporter.report({ kind: 'ended', userId });
  }

  async setAway(userId: UserId, isAway: boolean): Promise<void> {
    await this.#store.setAway(userId, isAway);
    this.#reporter.report({ kind: 'away', userId });
  }

  /** Reports that users joined a conversation or left it. */
  membersChanged(conversationId: ConversationId, userIds: readonly UserId[]): void {
    if (conversationId !== LOBBY_ID) this.#reporter.report({ kind: 'members', conversationId, userIds });
  }

  /** Reports users who joined a conversation, and sends the presence of all members to all of them. */
  joined(conversation: Conversation, userIds: readonly UserId[]): void {
    this.membersChanged(conversation.id, userIds);
    if (!isShared(conversation)) return;
    const rooms = [conversation.id, ...userIds.map(userRoom)];
    void this.#sendSnapshot(
      async () => conversation.members.map(({ id }) => id),
      (changes) => this.#io.to(rooms).emit('presence', { changes }),
    );
  }

  /**
   * Resets `away` for a client that has said hello, and sends it the presence of everybody who shares a direct conversation or group
   * with its user.
   *
   * @param conversationIds the user's conversations; a user who is only in the lobby gets no snapshot
   */
  helloReceived(socket: ChatSocket, { userId }: Session, conversationIds: readonly ConversationId[]): void {
    this.#store
      .setAway(userId, false)
      .catch((error: unknown) => this.#logger.debug({ err: error }, 'away could not be reset'));
    if (conversationIds.every((id) => id === LOBBY_ID) || this.#awaitingSnapshot.has(socket)) return;
    this.#awaitingSnapshot.add(socket);
    void this.#sendSnapshot(
      () => (socket.connected ? this.#contactsOf(userId) : Promise.resolve([])),
      (changes) => socket.emit('presence', { changes }),
    ).finally(() => this.#awaitingSnapshot.delete(socket));
  }

  /** Returns the contacts in the conversations with the newest activity. One call of the store, however many there are. */
  async #contactsOf(userId: UserId): Promise<UserId[]> {
    const query = { limit: MAX_CONTACTS, maxMembers: MAX_CONTACT_MEMBERSHIPS };
    const { conversations } = await this.#conversations.listPage(userId, query);
    const shared = conversations.filter(({ conversation }) => isShared(conversation));
    const contacts = new Set(shared.flatMap(({ memberIds }) => memberIds));
    contacts.delete(userId);
    return [...contacts].slice(0, MAX_CONTACTS);
  }

  /** The presence store is read right before the snapshot is sent. Later changes are sent after it. */
  async #sendSnapshot(findUsers: () => Promise<UserId[]>, send: (changes: PresenceChange[]) => void): Promise<void> {
    for (let failures = 0; failures < MAX_ATTEMPTS; failures += 1) {
      try {
        await this.#limiter.run(async () => {
          const userIds = await findUsers();
          if (userIds.length > 0) send((await this.#store.read(userIds)).map(toPresenceChange));
        });
        return;
      } catch (error) {
        this.#logger.debug({ err: error, failures }, 'sending a presence snapshot failed; trying again');
        await pause(backoffMs(failures + 1));
      }
    }
    this.#logger.warn({ attempts: MAX_ATTEMPTS }, 'a presence snapshot was not sent');
  }
}

const isShared = ({ kind }: { kind: Conversation['kind'] }) => kind === 'direct' || kind === 'group';
