import type { ConversationId, PresencePacket, UserId } from '@parley/protocol';
import type { ChatSnapshot, UserPresence } from './chat-snapshot.ts';

export type PresenceState = Pick<ChatSnapshot, 'presence' | 'onlineCounts'>;

/** Presence of users, and the number of online users per channel. */
export class PresenceTracker {
  readonly #onChange: (change: PresenceState) => void;
  #presence: ReadonlyMap<UserId, UserPresence> = new Map();
  #onlineCounts: ReadonlyMap<ConversationId, number> = new Map();

  constructor(onChange: (change: PresenceState) => void) {
    this.#onChange = onChange;
  }

  /** @param isAll true for the first packet of a connection, which is a full snapshot; later ones contain changes only */
  observe({ changes, counts = [] }: PresencePacket, isAll: boolean): void {
    const users = changes.map(({ userId, online, away = false, lastSeenAt }) => {
      return [userId, { online, away: online && away, lastSeenAt }] as const;
    });
    const online = counts.map((count) => [count.conversationId, count.online] as const);
    this.#presence = new Map([...(isAll ? [] : this.#presence), ...users]);
    this.#onlineCounts = new Map([...(isAll ? [] : this.#onlineCounts), ...online]);
    this.#onChange({ presence: this.#presence, onlineCounts: this.#onlineCounts });
  }
}
