import { hasRemovalInProgress, type MessageLog } from '@parley/message-log';
import type { ConversationId } from '@parley/protocol';
import type { ChatServerMetrics } from '../metrics.ts';
import type { ChatIo } from '../socket-types.ts';
import type { ConversationRooms } from './conversation-rooms.ts';

/** Within so many rounds each session is compared with the store. */
const PERIOD_ROUNDS = 60;

/** At most so many sessions are compared in one round. At 3,000 sessions a period then takes 2 minutes. */
const MAX_SESSIONS_PER_ROUND = 25;

interface Parts {
  readonly io: ChatIo;
  readonly rooms: ConversationRooms;
  readonly log: Pick<MessageLog, 'membersChanged'>;
  readonly metrics: ChatServerMetrics;
}

/**
 * Finds the rooms that differ from the store although no notice reports a change: the notice was lost, or its server died before it
 * sent one. Called every second.
 *
 * A removal changes the version of the member list. The head announcer reads the versions every few seconds in any case, so a removed
 * user is found soon. While a removal is in progress, its room is compared in each round; if its server died, the audit ends it.
 * An invitation changes no version. A user who is missing in a room is found when the session's turn comes.
 */
export class RoomAudit {
  readonly #parts: Parts;
  /** The versions at which the rooms were last found right. */
  #checked = new Map<ConversationId, string>();
  /** The versions to compare with. */
  #noted: ReadonlyMap<ConversationId, string> = new Map();
  /** The sessions of this period whose turn is still to come. */
  #socketIds: string[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Takes the versions of the member lists of all conversations that have a room on this server. */
  noteVersions(versions: ReadonlyMap<ConversationId, string>): void {
    this.#noted = versions;
  }

  async round(): Promise<void> {
    await this.#compareVersions();
    await this.#compareSessions();
  }

  async #compareVersions(): Promise<void> {
    const { rooms, log } = this.#parts;
    const noted = this.#noted;
    this.#noted = new Map();
    if (noted.size === 0) return;
    const checked = new Map<ConversationId, string>();
    for (const [conversationId, version] of noted) {
      const previous = this.#checked.get(conversationId);
      if (hasRemovalInProgress(version)) {
        this.#count(await rooms.recheckRoom(conversationId));
        await log.membersChanged(conversationId);
      } else {
        if (previous !== undefined && previous !== version) this.#count(await rooms.recheckRoom(conversationId));
        checked.set(conversationId, version);
      }
    }
    this.#checked = checked;
  }

  async #compareSessions(): Promise<void> {
    const { io, rooms } = this.#parts;
    const { sockets } = io.of('/');
    if (this.#socketIds.length === 0) this.#socketIds = [...sockets.keys()];
    const share = Math.min(MAX_SESSIONS_PER_ROUND, Math.ceil(sockets.size / PERIOD_ROUNDS));
    for (const id of this.#socketIds.splice(0, share)) {
      const socket = sockets.get(id);
      if (socket) this.#count(await rooms.recheckUser(socket.data.session.userId));
    }
  }

  #count(corrections: number): void {
    if (corrections > 0) this.#parts.metrics.chat_room_corrections_total.inc(corrections);
  }
}
