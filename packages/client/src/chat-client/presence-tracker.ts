import type { ConversationId, PresencePacket, UserId } from '@parley/protocol';
import type { ChatSnapshot, PersonPresence } from './chat-snapshot.ts';

export type PresenceOf = Pick<ChatSnapshot, 'presence' | 'onlineCounts'>;

/** Who is there, and how many are in channels. */
export class PresenceBoard {
  readonly #onChange: (change: PresenceOf) => void;
  #presence: ReadonlyMap<UserId, PersonPresence> = new Map();
  #onlineCounts: ReadonlyMap<ConversationId, number> = new Map();

  constructor(onChange: (change: PresenceOf) => void) {
    this.#onChange = onChange;
  }

  /** @param isAll the first packet of a connection names everyone; those after it, who changed */
  saw({ changes, counts = [] }: PresencePacket, isAll: boolean): void {
    const people = changes.map(({ userId, online, away = false, lastSeenAt }) => {
      return [userId, { online, away: online && away, lastSeenAt }] as const;
    });
    const online = counts.map((count) => [count.conversationId, count.online] as const);
    this.#presence = new Map([...(isAll ? [] : this.#presence), ...people]);
    this.#onlineCounts = new Map([...(isAll ? [] : this.#onlineCounts), ...online]);
    this.#onChange({ presence: this.#presence, onlineCounts: this.#onlineCounts });
  }
}
