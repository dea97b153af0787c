import type { Message, UserId } from '@parley/protocol';
import type { Reaction, TimelineEntry } from './chat-snapshot.ts';

const NO_REACTIONS: readonly Reaction[] = [];

/** A message as it is shown while nothing has changed it. */
export const toTimelineEntry = (message: Message): TimelineEntry => ({
  message,
  text: message.text ?? '',
  isEdited: false,
  isDeleted: false,
  reactions: NO_REACTIONS,
});

/**
 * Folds changes of a message, in the order of their seqs, into what is shown of it. The server has checked them; an edit by
 * anyone but the author is left out all the same, and so is what comes after a deletion, or changes a system line.
 *
 * @returns the same object where they change nothing
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

/** Everyone has one reaction at most: the newest. */
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
