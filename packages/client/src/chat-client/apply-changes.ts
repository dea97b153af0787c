import type { Message, UserId } from '@parley/protocol';
import type { Reaction, TimelineEntry } from './chat-snapshot.ts';

const NO_REACTIONS: readonly Reaction[] = [];

/** Returns the timeline entry of a message without changes. */
export const toTimelineEntry = (message: Message): TimelineEntry => ({
  message,
  text: message.text ?? '',
  isEdited: false,
  isDeleted: false,
  reactions: NO_REACTIONS,
});

/**
 * Applies edits, reactions and a deletion to a timeline entry. `changes` must be in seq order. The server has checked them.
 * As a second safeguard this ignores edits by users other than the author, changes after a deletion, and changes of system
 * messages.
 *
 * @returns the same object if nothing changed
 */
export function applyChanges(entry: TimelineEntry, changes: readonly Message[]): TimelineEntry {
  const { message } = entry;
  if (message.kind === 'system') return entry;
  let changed = entry;
  let reactions: ReactionTally | undefined;
  for (const { kind, senderId, text } of changes) {
    if (changed.isDeleted) break;
    if (kind === 'delete') {
      changed = { message, text: '', isEdited: false, isDeleted: true, reactions: NO_REACTIONS };
      reactions = undefined;
    } else if (kind === 'edit' && senderId === message.senderId && text !== undefined) {
      changed = { ...changed, text, isEdited: true };
    } else if (kind === 'reaction') {
      reactions ??= new ReactionTally(entry.reactions);
      reactions.set(senderId, text);
    }
  }
  return reactions?.isChanged ? { ...changed, reactions: reactions.toReactions() } : changed;
}

/** Counts reactions by emoji. Each user has at most one reaction, the newest. */
class ReactionTally {
  isChanged = false;
  readonly #userIds = new Map<string, Set<UserId>>();
  readonly #emojis = new Map<UserId, string>();

  constructor(reactions: readonly Reaction[]) {
    for (const { emoji, userIds } of reactions) {
      this.#userIds.set(emoji, new Set(userIds));
      for (const userId of userIds) this.#emojis.set(userId, emoji);
    }
  }

  set(userId: UserId, emoji: string | undefined): void {
    const before = this.#emojis.get(userId);
    if (emoji === before) return;
    this.isChanged = true;
    if (before !== undefined) this.#remove(userId, before);
    if (emoji === undefined) return;
    this.#emojis.set(userId, emoji);
    const userIds = this.#userIds.get(emoji) ?? new Set<UserId>();
    this.#userIds.set(emoji, userIds.add(userId));
  }

  toReactions(): Reaction[] {
    return [...this.#userIds].map(([emoji, userIds]) => ({ emoji, userIds: [...userIds] }));
  }

  #remove(userId: UserId, emoji: string): void {
    this.#emojis.delete(userId);
    const userIds = this.#userIds.get(emoji);
    userIds?.delete(userId);
    if (userIds?.size === 0) this.#userIds.delete(emoji);
  }
}
