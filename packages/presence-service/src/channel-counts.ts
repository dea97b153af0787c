import { type ConversationId, LOBBY_ID, type UserId } from '@parley/protocol';

/** A channel's count is told this often at most. */
const TOLD_EVERY_MS = 5_000;

/** In a big channel a count goes to very many for very little: for each who is there it waits this much longer. */
const TOLD_LATER_BY_PERSON_MS = 2;

export interface ChannelCount {
  readonly conversationId: ConversationId;
  readonly online: number;
}

/** How many people are online in each channel, and whether its people should be told. In the lobby are all. */
export class ChannelCounts {
  readonly #channelsOf = new Map<UserId, readonly ConversationId[]>();
  readonly #online = new Map<ConversationId, number>();
  readonly #told = new Map<ConversationId, { readonly online: number; readonly at: number }>();
  /** Channels whose count may have changed, or has somebody who has not heard it. */
  readonly #open = new Map<ConversationId, 'perhaps-changed' | 'wanted'>();

  /** The person is online, in these channels and the lobby. */
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

  /** Somebody is new in these channels, and does not know their counts. */
  want(channels: readonly ConversationId[]): void {
    for (const channel of channels) this.#open.set(channel, 'wanted');
  }

  clear(): void {
    for (const map of [this.#channelsOf, this.#online, this.#told, this.#open]) map.clear();
  }

  /** What should be told now; it counts as told. */
  takeDue(now = performance.now()): ChannelCount[] {
    const due: ChannelCount[] = [];
    for (const [conversationId, why] of this.#open) {
      const online = this.#online.get(conversationId) ?? 0;
      const told = this.#told.get(conversationId);
      if (told && now - told.at < TOLD_EVERY_MS + online * TOLD_LATER_BY_PERSON_MS) continue;
      this.#open.delete(conversationId);
      if (online === 0) this.#told.delete(conversationId);
      else if (why === 'wanted' || told?.online !== online) {
        this.#told.set(conversationId, { online, at: now });
        due.push({ conversationId, online });
      }
    }
    return due;
  }

  #add(channel: ConversationId, by: number): void {
    const online = (this.#online.get(channel) ?? 0) + by;
    if (online === 0) this.#online.delete(channel);
    else this.#online.set(channel, online);
    if (!this.#open.has(channel)) this.#open.set(channel, 'perhaps-changed');
  }
}
