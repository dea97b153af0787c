import type { ConversationStore } from '@parley/message-store';
import { type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';
import {
  backoffMs,
  COMMAND_TIMEOUT_MS,
  ConcurrencyLimiter,
  type Logger,
  pause,
  withDeadline,
} from '@parley/service-kit';
import type { FanOutDelivery } from '../delivery/fan-out-delivery.ts';
import { type ChatIo, isConversation, userRoom } from '../socket-types.ts';

/** How many users' conversations are read at the same time after the subscription was interrupted. */
const MAX_CONCURRENT_READS = 16;

/** The most users whose membership in a conversation is read in one call. */
const MAX_USERS = 500;

/** A message to all chat servers that memberships changed in the store. It names what to read again, not the result. */
export interface MembershipNotice {
  readonly conversationId: ConversationId;
  readonly joined: readonly UserId[];
  readonly left: readonly UserId[];
}

/** The result of a read of memberships. */
interface Outcome {
  readonly members: ReadonlySet<UserId>;
  /** How many users were not in the room although they are members, or the other way round. */
  readonly corrections: number;
}

interface Parts {
  readonly io: ChatIo;
  readonly conversations: Pick<ConversationStore, 'listFor' | 'membersAmong'>;
  readonly delivery: Pick<FanOutDelivery, 'hold'>;
  readonly logger: Logger;
  /** Called when sockets have joined rooms and may have missed messages. Without an argument: any rooms. */
  readonly onLateJoin: (conversationId?: ConversationId) => void;
  /** Called when a user turns out to be a member of conversations that the user's sessions may not know: the event was lost. */
  readonly onMissedInvitation: (userId: UserId, conversationIds: readonly ConversationId[]) => Promise<void>;
}

/**
 * Keeps the sockets of this server in exactly the rooms of their users' conversations. The store decides who is a member.
 *
 * Notices from several servers may arrive in another order than the changes in the store. Therefore a notice only makes each server
 * that has sockets of the user read the membership again. A change of the store precedes its notice, so the read that begins after
 * the last notice returns the final state. A read that a later notice overtakes has no effect.
 *
 * **Left**: on this notice the sockets leave the room at once. They join it again only if the read finds the user a member.
 *
 * **Joined**: the sockets join the room after the read. Sockets that are in the room stay there without a read: if the user was
 * removed as well, that notice is still to come.
 *
 * During the read the packets of the conversation are held, so a member misses none. If the store does not answer, they are delivered
 * without the sockets in question, and the read is repeated until it succeeds.
 *
 * **Interrupted**: the subscription has a new connection, and notices may be lost. All sockets leave all rooms but the lobby, and join
 * again after a read. Messages may be lost as well; the heads that are sent afterwards show them. Conversations that a user was
 * not in before are reported as missed invitations.
 */
export class ConversationRooms {
  readonly #parts: Parts;
  /** The newest notice of each user and conversation whose membership is being read. */
  readonly #newest = new Map<string, number>();
  /** For each read of all conversations of a user: the conversations with a notice that arrived after the read began. */
  readonly #listReads = new Map<UserId, Set<Set<ConversationId>>>();
  readonly #limiter = new ConcurrencyLimiter(MAX_CONCURRENT_READS);
  readonly #closing = new AbortController();
  #lastNotice = 0;
  /** Counts the interruptions of the subscription. */
  #interruptions = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Handles a notice. Users who left are out of the room when it returns. */
  receive({ conversationId, joined, left }: MembershipNotice): void {
    for (const userId of left) this.#place(userId, conversationId, false);
    const missing = joined.filter((userId) => !this.#isSettledIn(conversationId, userId));
    const userIds = [...new Set([...left, ...missing])].filter((userId) => this.#socketIdsOf(userId).length > 0);
    if (userIds.length === 0) return;
    const release = this.#parts.delivery.hold(conversationId);
    void this.#read(conversationId, userIds).then((outcome) => {
      release();
      // A socket whose read took longer than the packets are held sees by the head what it has missed.
      if (outcome && outcome.members.size > 0) this.#parts.onLateJoin(conversationId);
    });
  }

  /**
   * Reads a user's conversations, and puts the user's sockets into exactly their rooms. A socket must be in its user's room before
   * the call, so that every later notice finds it.
   *
   * @returns the user's conversations, the lobby first, those among them that the sockets were not in, and how many rooms were wrong
   */
  async joinAll(
    userId: UserId,
  ): Promise<{ conversationIds: ConversationId[]; joined: ConversationId[]; corrections: number }> {
    for (;;) {
      const interruptions = this.#interruptions;
      const overtaken = new Set<ConversationId>();
      const reads = this.#listReads.get(userId) ?? new Set();
      this.#listReads.set(userId, reads.add(overtaken));
      try {
        const records = await this.#parts.conversations.listFor(userId);
        // A notice of a change after this read may be lost.
        if (interruptions !== this.#interruptions) continue;
        const conversationIds = [LOBBY_ID, ...records.map(({ id }) => id)];
        const wanted = new Set(conversationIds);
        const known = new Set([...conversationIds, ...this.#roomsOf(userId)]);
        const placed = [...known].filter((id) => !overtaken.has(id) && this.#place(userId, id, wanted.has(id)));
        return { conversationIds, joined: placed.filter((id) => wanted.has(id)), corrections: placed.length };
      } finally {
        reads.delete(overtaken);
        if (reads.size === 0) this.#listReads.delete(userId);
      }
    }
  }

  /**
   * Reads the membership of a user who has just joined, and puts the user's sockets into the room.
   *
   * @returns whether the user is a member
   */
  async refresh(conversationId: ConversationId, userId: UserId): Promise<boolean> {
    if (conversationId === LOBBY_ID) return true;
    const outcome = await withDeadline(
      this.#read(conversationId, [userId]),
      COMMAND_TIMEOUT_MS,
      'reading a membership',
    );
    return outcome?.members.has(userId) ?? false;
  }

  /** Reads the membership of everybody in a room again. @returns how many were wrong */
  async recheckRoom(conversationId: ConversationId): Promise<number> {
    const { adapter, sockets } = this.#parts.io.of('/');
    const ids = [...(adapter.rooms.get(conversationId) ?? [])];
    const userIds = [...new Set(ids.flatMap((id) => sockets.get(id)?.data.session.userId ?? []))];
    let corrections = 0;
    for (let first = 0; first < userIds.length; first += MAX_USERS) {
      const outcome = await this.#read(conversationId, userIds.slice(first, first + MAX_USERS));
      corrections += outcome?.corrections ?? 0;
    }
    return corrections;
  }

  /** Compares a user's rooms with the store although no notice reports a change. @returns how many were wrong */
  async recheckUser(userId: UserId): Promise<number> {
    const { joined, corrections } = await this.joinAll(userId);
    this.#reportMissed(userId, joined);
    return corrections;
  }

  /** Handles an interruption of the subscription. Resolves when all sockets have joined their rooms again. */
  async rejoinAll(): Promise<void> {
    const { adapter, sockets } = this.#parts.io.of('/');
    const userIds = new Set([...sockets.values()].map(({ data }) => data.session.userId));
    const roomsBefore = new Map([...userIds].map((userId) => [userId, new Set(this.#roomsOf(userId))]));
    this.#interruptions += 1;
    const interruptions = this.#interruptions;
    // Reads that are in progress may miss a change whose notice is lost.
    this.#newest.clear();
    for (const [socketId, rooms] of adapter.sids) {
      for (const room of [...rooms]) if (isConversation(room) && room !== LOBBY_ID) void adapter.del(socketId, room);
    }
    const isDone = () => interruptions !== this.#interruptions;
    const rejoin = async (userId: UserId) => {
      const result = await this.#limiter.run(() => this.#retry(() => this.joinAll(userId), isDone));
      this.#reportMissed(userId, result?.joined.filter((id) => !roomsBefore.get(userId)?.has(id)) ?? []);
    };
    await Promise.all([...userIds].map(rejoin));
    this.#parts.onLateJoin();
  }

  close(): void {
    this.#closing.abort();
  }

  /**
   * Reads memberships until the store answers, and puts the sockets of these users into the room or takes them out.
   *
   * @returns undefined if later notices have overtaken the read, or no socket of the users is left
   */
  async #read(conversationId: ConversationId, userIds: readonly UserId[]): Promise<Outcome | undefined> {
    this.#lastNotice += 1;
    const notice = this.#lastNotice;
    for (const userId of userIds) {
      this.#newest.set(keyOf(conversationId, userId), notice);
      for (const overtaken of this.#listReads.get(userId) ?? []) overtaken.add(conversationId);
    }
    const isNewest = (userId: UserId) => this.#newest.get(keyOf(conversationId, userId)) === notice;
    const hasEnded = () => !userIds.some((userId) => isNewest(userId) && this.#socketIdsOf(userId).length > 0);
    const outcome = await this.#retry(async () => {
      const members = new Set(await this.#parts.conversations.membersAmong(conversationId, userIds));
      const placed = userIds.filter(
        (userId) => isNewest(userId) && this.#place(userId, conversationId, members.has(userId)),
      );
      return { members, corrections: placed.length };
    }, hasEnded);
    for (const userId of userIds) if (isNewest(userId)) this.#newest.delete(keyOf(conversationId, userId));
    return outcome;
  }

  /** Repeats `attempt` until it succeeds, `isDone`, or this object is closed. */
  async #retry<T>(attempt: () => Promise<T>, isDone: () => boolean): Promise<T | undefined> {
    let failures = 0;
    while (!isDone() && !this.#closing.signal.aborted) {
      try {
        return await attempt();
      } catch (error) {
        failures += 1;
        this.#parts.logger.debug({ err: error, failures }, 'memberships were not read; trying again');
        await pause(backoffMs(failures), this.#closing.signal);
      }
    }
    return undefined;
  }

  #reportMissed(userId: UserId, conversationIds: readonly ConversationId[]): void {
    if (conversationIds.length === 0) return;
    const report = () => this.#parts.onMissedInvitation(userId, conversationIds);
    void this.#retry(report, () => this.#socketIdsOf(userId).length === 0);
  }

  /** Puts the sockets of a user into a room, or takes them out. @returns whether this changed anything */
  #place(userId: UserId, conversationId: ConversationId, isMember: boolean): boolean {
    const { adapter } = this.#parts.io.of('/');
    const isIn = (socketId: string) => adapter.rooms.get(conversationId)?.has(socketId) ?? false;
    const wrong = this.#socketIdsOf(userId).filter((socketId) => isIn(socketId) !== isMember);
    for (const socketId of wrong) {
      // Not by the socket's own methods: the namespace does not list a socket that is being admitted.
      if (isMember) void adapter.addAll(socketId, new Set([conversationId]));
      else void adapter.del(socketId, conversationId);
    }
    return wrong.length > 0;
  }

  /** Whether all sockets of the user are in the room, and no read may take them out. */
  #isSettledIn(conversationId: ConversationId, userId: UserId): boolean {
    const room = this.#parts.io.of('/').adapter.rooms.get(conversationId);
    return !this.#newest.has(keyOf(conversationId, userId)) && this.#socketIdsOf(userId).every((id) => room?.has(id));
  }

  #socketIdsOf(userId: UserId): string[] {
    return [...(this.#parts.io.of('/').adapter.rooms.get(userRoom(userId)) ?? [])];
  }

  #roomsOf(userId: UserId): ConversationId[] {
    const { adapter } = this.#parts.io.of('/');
    return this.#socketIdsOf(userId).flatMap((id) => [...(adapter.socketRooms(id) ?? [])].filter(isConversation));
  }
}

const keyOf = (conversationId: ConversationId, userId: UserId) => `${conversationId} ${userId}`;
