import type { ConversationId, PresencePacket, UserId } from '@parley/protocol';
import type { ChatSnapshot, UserPresence } from './chat-snapshot.ts';

export type PresenceState = Pick<ChatSnapshot, 'presence' | 'onlineCounts'>;

/** If the presence of more users is known, those who are no longer contacts are forgotten. */
const MAX_USERS = 2_000;

/** Presence of users, and the number of online users per channel. */
export class PresenceTracker {
  readonly #onChange: (change: PresenceState) => void;
  readonly #contacts: () => ReadonlySet<UserId>;
  #presence: ReadonlyMap<UserId, UserPresence> = new Map();
  #onlineCounts: ReadonlyMap<ConversationId, number> = new Map();

  constructor(options: {
    /** Returns the users who share a direct conversation or group with this user. */
    contacts: () => ReadonlySet<UserId>;
    onChange: (change: PresenceState) => void;
  }) {
    this.#contacts = options.contacts;
    this.#onChange = options.onChange;
  }

  /** @param isAll true for the first packet of a connection, which is a full snapshot; later ones contain changes only */
  observe({ changes, counts = [] }: PresencePacket, isAll: boolean): void {
    const users = changes.map(({ userId, online, away = false, lastSeenAt }) => {
      return [userId, { online, away: online && away, lastSeenAt }] as const;
    });
    const online = counts.map((count) => [count.conversationId, count.online] as const);
    this.#presence = new Map([...(isAll ? [] : this.#presence), ...users]);
    if (!isAll && this.#presence.size > MAX_USERS) this.#forgetOthers();
    this.#onlineCounts = new Map([...(isAll ? [] : this.#onlineCounts), ...online]);
    this.#onChange({ presence: this.#presence, onlineCounts: this.#onlineCounts });
  }

  /** Forgets the number of online users of a channel that this user has left. */
  forget(conversationId: ConversationId): void {
    if (!this.#onlineCounts.has(conversationId)) return;
    this.#onlineCounts = new Map([...this.#onlineCounts].filter(([id]) => id !== conversationId));
    this.#onChange({ presence: this.#presence, onlineCounts: this.#onlineCounts });
  }

  #forgetOthers(): void {
    const contacts = this.#contacts();
    this.#presence = new Map([...this.#presence].filter(([userId]) => contacts.has(userId)));
  }
}
