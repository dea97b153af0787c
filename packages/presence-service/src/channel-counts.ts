import { type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';

/** The minimum interval between two counts of a channel. */
const COUNT_INTERVAL_MS = 5_000;

/** The interval grows by this for each online user, because a count of a big channel costs many packets for a small change. */
const INTERVAL_PER_USER_MS = 2;

export interface ChannelCount {
  readonly conversationId: ConversationId;
  readonly online: number;
}

/** Counts the online users of each channel, and decides when a count is due to be published. Every user is in the lobby. */
export class ChannelCounts {
  readonly #channelsOf = new Map<UserId, readonly ConversationId[]>();
  readonly #online = new Map<ConversationId, number>();
  readonly #published = new Map<ConversationId, { readonly online: number; readonly at: number }>();
  /** Channels whose count may have changed, or is requested for a user who has not received it. */
  readonly #pending = new Map<ConversationId, 'maybe-changed' | 'requested'>();

  /** Counts the user as online in these channels and the lobby. */
  set(userId: UserId, channels: readonly ConversationId[]): void {
    this.remove(userId);
    const all = [LOBBY_ID, ...channels];
    this.#channelsOf.set(userId, all);
    for (const channel of all) this.#add(channel, 1);
  }

  remove(userId: UserId): void {
    const channels = this.#channelsOf.get(userId) ?? [];
    this.#channelsOf.delete(userId);
    for (const channel of channels) this.#add(channel, -1);
  }

  /** Requests the counts of these channels for a new user, even if they are unchanged. */
  request(channels: readonly ConversationId[]): void {
    for (const channel of channels) this.#pending.set(channel, 'requested');
  }

  clear(): void {
    for (const map of [this.#channelsOf, this.#online, this.#published, this.#pending]) map.clear();
  }

  /** Returns the counts that are due, and marks them as published. */
  takeDue(now = performance.now()): ChannelCount[] {
    const due: ChannelCount[] = [];
    for (const [conversationId, reason] of this.#pending) {
      const online = this.#online.get(conversationId) ?? 0;
      const published = this.#published.get(conversationId);
      if (published && now - published.at < COUNT_INTERVAL_MS + online * INTERVAL_PER_USER_MS) continue;
      this.#pending.delete(conversationId);
      if (online === 0) this.#published.delete(conversationId);
      else if (reason === 'requested' || published?.online !== online) {
        this.#published.set(conversationId, { online, at: now });
        due.push({ conversationId, online });
      }
    }
    return due;
  }

  #add(channel: ConversationId, by: number): void {
    const online = (this.#online.get(channel) ?? 0) + by;
    if (online === 0) this.#online.delete(channel);
    else this.#online.set(channel, online);
    if (!this.#pending.has(channel)) this.#pending.set(channel, 'maybe-changed');
  }
}
