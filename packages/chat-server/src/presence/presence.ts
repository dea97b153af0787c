import type { ConversationStore } from '@parley/message-store';
import { type PresenceReporter, type PresenceStore, toPresenceChange, userRoom } from '@parley/presence';
import {
  type Conversation,
  type ConversationId,
  LOBBY_ID,
  MAX_GROUP_MEMBERS,
  type PresenceChange,
  type UserId,
} from '@parley/protocol';
import { backoffMs, ConcurrencyLimiter, type Logger, pause } from '@parley/service-kit';
import type { Session } from '../session.ts';
import { type ChatIo, type ChatSocket, isConversation } from '../socket-types.ts';

/** People whom one client is told of after `session:hello`. */
const MAX_CONTACTS = 1_000;

/** Clients that are told at once; the others wait, so that a thousand who come together do not hold up what matters more. */
const MAX_SNAPSHOTS = 8;

/** How often a snapshot is tried while Redis or the store is away. */
const MAX_TRIES = 10;

/**
 * What a chat server has to do with presence: it reports what it sees of its sessions, and shows the board to those who come. Who
 * is shown how is the presence service's business, and so is telling what changes.
 */
export class Presence {
  readonly #board: PresenceStore;
  readonly #reporter: PresenceReporter;
  readonly #conversations: ConversationStore;
  readonly #io: ChatIo;
  readonly #logger: Logger;
  readonly #limiter = new ConcurrencyLimiter(MAX_SNAPSHOTS);

  constructor(parts: {
    board: PresenceStore;
    reporter: PresenceReporter;
    conversations: ConversationStore;
    io: ChatIo;
    logger: Logger;
  }) {
    this.#board = parts.board;
    this.#reporter = parts.reporter;
    this.#conversations = parts.conversations;
    this.#io = parts.io;
    this.#logger = parts.logger;
  }

  /** A session is up; its socket is in the rooms of the user's conversations. */
  opened(socket: ChatSocket, { userId }: Session): void {
    const conversationIds = [...socket.rooms].filter(isConversation).filter((id) => id !== LOBBY_ID);
    this.#reporter.report({ kind: 'opened', userId, conversationIds });
  }

  ended({ userId, endedBy }: Session): void {
    if (endedBy !== 'replaced') this.#reporter.report({ kind: 'ended', userId });
  }

  async setAway(userId: UserId, isAway: boolean): Promise<void> {
    await this.#board.setAway(userId, isAway);
    this.#reporter.report({ kind: 'away', userId });
  }

  /** These users came into a conversation, or left it. */
  membersChanged(conversationId: ConversationId, userIds: readonly UserId[]): void {
    if (conversationId !== LOBBY_ID) this.#reporter.report({ kind: 'members', conversationId, userIds });
  }

  /** Users came into a conversation: they and those who were in it are shown each other. */
  joined(conversation: Conversation, userIds: readonly UserId[]): void {
    this.membersChanged(conversation.id, userIds);
    if (!isShared(conversation)) return;
    const rooms = [conversation.id, ...userIds.map(userRoom)];
    void this.#tell(
      async () => conversation.members.map(({ id }) => id),
      (changes) => this.#io.to(rooms).emit('presence', { changes }),
    );
  }

  /**
   * A client has said hello: it is not away unless it says so, and is sent all with whom the user shares a direct
   * conversation or group.
   *
   * @param conversationIds the user's conversations; for one who is in the lobby alone there is nothing to do
   */
  greet(socket: ChatSocket, { userId }: Session, conversationIds: readonly ConversationId[]): void {
    this.#board.setAway(userId, false).catch((error: unknown) => this.#logger.debug({ err: error }, 'away was kept'));
    if (conversationIds.every((id) => id === LOBBY_ID)) return;
    void this.#tell(
      () => (socket.connected ? this.#contactsOf(userId) : Promise.resolve([])),
      (changes) => socket.emit('presence', { changes }),
    );
  }

  async #contactsOf(userId: UserId): Promise<UserId[]> {
    const contacts = new Set<UserId>();
    for (const conversation of await this.#conversations.listFor(userId)) {
      if (!isShared(conversation)) continue;
      for (const id of await this.#conversations.members(conversation.id, MAX_GROUP_MEMBERS)) contacts.add(id);
      if (contacts.size > MAX_CONTACTS) break;
    }
    contacts.delete(userId);
    return [...contacts].slice(0, MAX_CONTACTS);
  }

  /** What is told was read at the last moment: what changes afterwards is told afterwards. */
  async #tell(findPeople: () => Promise<UserId[]>, tell: (changes: PresenceChange[]) => void): Promise<void> {
    for (let failures = 0; failures < MAX_TRIES; failures += 1) {
      try {
        await this.#limiter.run(async () => {
          const people = await findPeople();
          if (people.length > 0) tell((await this.#board.read(people)).map(toPresenceChange));
        });
        return;
      } catch (error) {
        this.#logger.debug({ err: error, failures }, 'presence was not told yet');
        await pause(backoffMs(failures + 1));
      }
    }
    this.#logger.warn({ tries: MAX_TRIES }, 'presence was not told');
  }
}

const isShared = ({ kind }: { kind: Conversation['kind'] }) => kind === 'direct' || kind === 'group';
